package bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

/** The Java side of the benchmark: the same arguments and life cycle as bench/run-workload.js, on Apache Kafka Streams. */
public final class RunWorkload {
  public static void main(String[] words) throws Exception {
    long started = System.nanoTime();
    Map<String, String> a = arguments(words);
    boolean eos = "eos".equals(a.get("guarantee"));
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, a.get("app-id"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, a.get("bootstrap"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, a.get("state-dir"));
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, a.getOrDefault("threads", "1"));
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, a.get("commit-ms"));
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, a.getOrDefault("cache-bytes", "0"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, eos ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
    p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), a.getOrDefault("linger-ms", "100"));
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), a.getOrDefault("batch-bytes", "131072"));
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), a.getOrDefault("max-poll-records", "1000"));
    p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    StreamsBuilder builder = new StreamsBuilder();
    Workloads.define(a.get("workload"), builder, a.get("input").split(","), a.get("output"), "disk".equals(a.get("store")));
    KafkaStreams streams = new KafkaStreams(builder.build(p), p);
    CountDownLatch ended = new CountDownLatch(1);
    boolean[] told = {false};
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING && !told[0]) {
        told[0] = true;
        System.out.println("{\"event\":\"ready\",\"ms\":" + (System.nanoTime() - started) / 1_000_000 + "}");
      }
      if (now == KafkaStreams.State.ERROR) System.exit(1);
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      long from = System.nanoTime();
      streams.close(Duration.ofSeconds(15));
      System.out.println("{\"event\":\"final\",\"sut\":\"java\",\"version\":\"4.3.1\",\"closeMs\":" + (System.nanoTime() - from) / 1_000_000 + "}");
      System.out.flush();
      ended.countDown();
    }));
    streams.start();
    ended.await();
  }

  private static Map<String, String> arguments(String[] words) {
    Map<String, String> found = new HashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) found.put(words[i].substring(2), words[i + 1]);
    return found;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
