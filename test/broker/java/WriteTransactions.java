import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes transactions with Kafka's own producer: three producers take turns, so that their transactions interleave in each
 * partition; a third of the transactions is aborted, and one is left open by a process that ends without a word.
 * Prints what is committed, one record a line: partition, offset, value. Arguments: bootstrap, topic, partitions, seed.
 */
public class WriteTransactions {
  private static final int PRODUCERS = 3;

  public static void main(String[] args) throws Exception {
    String topic = args[1];
    int partitions = Integer.parseInt(args[2]);
    Random random = new Random(Long.parseLong(args[3]));
    List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
    List<List<Future<RecordMetadata>>> sent = new ArrayList<>();
    List<List<String>> values = new ArrayList<>();
    for (int i = 0; i < PRODUCERS; i++) {
      Properties properties = new Properties();
      properties.put("bootstrap.servers", args[0]);
      properties.put("transactional.id", topic + "-java-" + i);
      properties.put("transaction.timeout.ms", "5000");
      properties.put("linger.ms", "0");
      KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
      producer.initTransactions();
      producer.beginTransaction();
      producers.add(producer);
      sent.add(new ArrayList<>());
      values.add(new ArrayList<>());
    }
    StringBuilder lines = new StringBuilder();
    for (int n = 0; n < 900; n++) {
      int i = random.nextInt(PRODUCERS);
      KafkaProducer<byte[], byte[]> producer = producers.get(i);
      // An ordinary key whose bytes are those of an abort marker's key.
      byte[] key = n % 7 == 0 ? new byte[] {0, 0, 0, 0} : ("k" + n).getBytes(StandardCharsets.UTF_8);
      String value = "v" + n;
      int partition = random.nextInt(partitions);
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      sent.get(i).add(producer.send(new ProducerRecord<>(topic, partition, key, bytes)));
      values.get(i).add(value);
      if (n % 3 == 0) producer.flush();
      if (random.nextInt(8) > 0) continue;
      if (random.nextInt(3) == 0) producer.abortTransaction();
      else {
        producer.commitTransaction();
        for (int k = 0; k < sent.get(i).size(); k++) {
          RecordMetadata at = sent.get(i).get(k).get();
          lines.append(at.partition()).append('\t').append(at.offset()).append('\t');
          lines.append(values.get(i).get(k)).append('\n');
        }
      }
      sent.get(i).clear();
      values.get(i).clear();
      producer.beginTransaction();
    }
    producers.get(0).send(new ProducerRecord<>(topic, 0, null, "left open".getBytes(StandardCharsets.UTF_8)));
    for (KafkaProducer<byte[], byte[]> producer : producers) producer.flush();
    System.out.write(lines.toString().getBytes(StandardCharsets.US_ASCII), 0, lines.length());
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
