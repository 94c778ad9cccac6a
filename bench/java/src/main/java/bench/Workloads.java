package bench;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The topologies of the contract's section 3 that have a raw flavour, and the JSON ones of one input. */
final class Workloads {
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<Long> LONG = Serdes.Long();
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @JsonPropertyOrder({"id", "key", "amount", "flag", "pad"})
  public static final class Kv { public String id; public String key; public long amount; public int flag; public String pad; }

  @JsonPropertyOrder({"auction", "bidder", "price", "channel", "url", "dateTime", "extra"})
  public static final class Bid {
    public long auction; public long bidder; public long price; public String channel; public String url; public long dateTime; public String extra;
  }

  @JsonPropertyOrder({"n", "sum", "min", "max"})
  public static final class Totals { public long n; public long sum; public long min; public long max; }

  static void define(String id, StreamsBuilder b, String[] input, String output, boolean disk) {
    switch (id) {
      case "W1" -> b.stream(input[0], Consumed.with(BYTES, BYTES)).filter((k, v) -> true).to(output, Produced.with(BYTES, BYTES));
      case "W1j" -> b.stream(input[0], Consumed.with(TEXT, json(Kv.class))).filter((k, v) -> v.flag == 1)
          .mapValues(v -> { v.amount *= 2; return v; }).to(output, Produced.with(TEXT, json(Kv.class)));
      case "W2" -> b.stream(input[0], Consumed.with(TEXT, json(Bid.class))).filter((k, v) -> v.price >= 1000100)
          .mapValues(v -> { v.price = v.price * 908 / 1000; return v; }).to(output, Produced.with(TEXT, json(Bid.class)));
      case "W3", "W3z" -> b.stream(input[0], Consumed.with(TEXT, BYTES)).groupByKey(Grouped.with(TEXT, BYTES))
          .count(Workloads.<Long>state(disk).withKeySerde(TEXT).withValueSerde(LONG)).toStream().to(output, Produced.with(TEXT, LONG));
      case "W4" -> b.stream(input[0], Consumed.with(TEXT, BYTES)).groupByKey(Grouped.with(TEXT, BYTES))
          .aggregate(() -> null, (k, v, t) -> add(t, digits(v)), Workloads.<Totals>state(disk).withKeySerde(TEXT).withValueSerde(longs()))
          .toStream().to(output, Produced.with(TEXT, longs()));
      case "W4j" -> b.stream(input[0], Consumed.with(TEXT, json(Kv.class))).groupByKey(Grouped.with(TEXT, json(Kv.class)))
          .aggregate(() -> null, (k, v, t) -> add(t, v.amount), Workloads.<Totals>state(disk).withKeySerde(TEXT).withValueSerde(json(Totals.class)))
          .toStream().to(output, Produced.with(TEXT, json(Totals.class)));
      case "W5", "W5t" -> {
        TimeWindows windows = id.equals("W5")
            ? TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofSeconds(5)).advanceBy(Duration.ofSeconds(2))
            : TimeWindows.ofSizeAndGrace(Duration.ofSeconds(60), Duration.ofSeconds(30));
        KStream<Windowed<String>, Long> counted = b.stream(input[0], Consumed.with(TEXT, BYTES)).groupByKey(Grouped.with(TEXT, BYTES))
            .windowedBy(windows).count(Materialized.with(TEXT, LONG)).toStream();
        counted.map((k, v) -> org.apache.kafka.streams.KeyValue.pair(k.key() + "@" + k.window().start(), v)).to(output, Produced.with(TEXT, LONG));
      }
      case "W8" -> b.stream(input[0], Consumed.with(TEXT, json(Bid.class))).selectKey((k, v) -> Long.toString(v.bidder))
          .repartition(org.apache.kafka.streams.kstream.Repartitioned.with(TEXT, json(Bid.class)).withName("by-bidder").withNumberOfPartitions(4))
          .groupByKey(Grouped.with(TEXT, json(Bid.class)))
          .count(Workloads.<Long>state(disk).withKeySerde(TEXT).withValueSerde(LONG)).toStream().to(output, Produced.with(TEXT, LONG));
      case "W9" -> b.stream(input[0], Consumed.with(TEXT, BYTES)).groupByKey(Grouped.with(TEXT, BYTES))
          .windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofSeconds(5), Duration.ofSeconds(30)))
          .count(Materialized.with(TEXT, LONG)).toStream()
          .map((k, v) -> org.apache.kafka.streams.KeyValue.pair(k.key() + "@" + k.window().start() + "@" + k.window().end(), v))
          .to(output, Produced.with(TEXT, LONG));
      default -> throw new IllegalArgumentException("no workload " + id);
    }
  }

  private static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> state(boolean disk) {
    return Materialized.as(disk ? Stores.persistentKeyValueStore("state") : Stores.inMemoryKeyValueStore("state"));
  }

  private static Totals add(Totals t, long amount) {
    Totals next = new Totals();
    next.n = t == null ? 1 : t.n + 1;
    next.sum = t == null ? amount : t.sum + amount;
    next.min = t == null ? amount : Math.min(t.min, amount);
    next.max = t == null ? amount : Math.max(t.max, amount);
    return next;
  }

  private static long digits(byte[] value) {
    long amount = 0;
    for (int i = 45; i <= 51; i++) amount = amount * 10 + value[i] - '0';
    return amount;
  }

  private static Serde<Totals> longs() {
    return Serdes.serdeFrom(
        (topic, t) -> t == null ? null : ByteBuffer.allocate(32).putLong(t.n).putLong(t.sum).putLong(t.min).putLong(t.max).array(),
        (topic, bytes) -> {
          if (bytes == null) return null;
          ByteBuffer b = ByteBuffer.wrap(bytes);
          Totals t = new Totals();
          t.n = b.getLong(); t.sum = b.getLong(); t.min = b.getLong(); t.max = b.getLong();
          return t;
        });
  }

  private static <T> Serde<T> json(Class<T> type) {
    var writer = MAPPER.writerFor(type);
    var reader = MAPPER.readerFor(type);
    return Serdes.serdeFrom(
        (topic, v) -> { try { return v == null ? null : writer.writeValueAsBytes(v); } catch (IOException e) { throw new UncheckedIOException(e); } },
        (topic, bytes) -> { try { return bytes == null ? null : reader.readValue(bytes); } catch (IOException e) { throw new UncheckedIOException(e); } });
  }
}
