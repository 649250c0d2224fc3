import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The official clients on command. Each line of standard input is a command of words separated by spaces; each command but
 * "send" is answered by one line, "ok" or "error ..." . Bytes are in base 64, "-" is null and "=" is empty.
 *
 *   open NAME key=value...                                   a producer; with transactional.id it begins its first epoch
 *   send NAME TOPIC PARTITION TIMESTAMP|- KEY VALUE [HK HV]...   asynchronous; its failure is told by the next flush
 *   flush NAME | begin NAME | commit NAME | abort NAME | close NAME
 *   streams NAME BOOTSTRAP APP FROM TO                       an application of Kafka Streams with a group of KIP-1071 that passes
 *                                                            records on; ended by close
 *   dump FILE BOOTSTRAP ISOLATION TOPIC...                   reads to the end and writes one line per record:
 *                                                            topic partition offset timestamp type key value headers
 *                                                            (the last three SHA-256 in hex, "-" for null)
 */
public final class Clients {
    private static final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private static final Map<String, KafkaStreams> applications = new HashMap<>();
    private static final Map<String, List<Future<RecordMetadata>>> unacked = new HashMap<>();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("send")) {
                send(words);
                continue;
            }
            String answer = "ok";
            try {
                run(words);
            } catch (Exception e) {
                Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
                answer = "error " + cause.toString().replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        for (KafkaStreams a : applications.values()) {
            a.close(Duration.ZERO);
        }
        for (KafkaProducer<byte[], byte[]> p : producers.values()) {
            p.close(Duration.ZERO);
        }
    }

    private static void run(String[] words) throws Exception {
        switch (words[0]) {
            case "open" -> open(words);
            case "flush" -> flush(words[1]);
            case "begin" -> producers.get(words[1]).beginTransaction();
            case "commit" -> {
                flush(words[1]);
                producers.get(words[1]).commitTransaction();
            }
            case "abort" -> {
                flush(words[1]);
                producers.get(words[1]).abortTransaction();
            }
            case "streams" -> streams(words);
            case "close" -> {
                if (applications.containsKey(words[1])) {
                    applications.remove(words[1]).close();
                    return;
                }
                flush(words[1]);
                producers.remove(words[1]).close();
            }
            case "dump" -> dump(words);
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        }
    }

    private static void open(String[] words) {
        Properties properties = new Properties();
        for (int i = 2; i < words.length; i++) {
            int at = words[i].indexOf('=');
            properties.put(words[i].substring(0, at), words[i].substring(at + 1));
        }
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        if (properties.containsKey("transactional.id")) {
            producer.initTransactions();
        }
        producers.put(words[1], producer);
        unacked.put(words[1], new ArrayList<>());
    }

    private static void streams(String[] words) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", words[2]);
        properties.put("application.id", words[3]);
        properties.put("group.protocol", "streams");
        properties.put("auto.offset.reset", "earliest");
        properties.put("commit.interval.ms", "100");
        properties.put("state.dir", System.getProperty("java.io.tmpdir") + "/mirror-streams-" + ProcessHandle.current().pid());
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(words[4], Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())).to(words[5], Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        KafkaStreams application = new KafkaStreams(builder.build(), properties);
        applications.put(words[1], application);
        application.start();
    }

    private static void send(String[] words) {
        List<Header> headers = new ArrayList<>();
        for (int i = 7; i + 1 < words.length; i += 2) {
            headers.add(new RecordHeader(new String(bytes(words[i]), StandardCharsets.UTF_8), bytes(words[i + 1])));
        }
        Long timestamp = words[4].equals("-") ? null : Long.valueOf(words[4]);
        unacked.get(words[1]).add(producers.get(words[1]).send(
            new ProducerRecord<>(words[2], Integer.valueOf(words[3]), timestamp, bytes(words[5]), bytes(words[6]), headers)));
    }

    private static void flush(String name) throws Exception {
        producers.get(name).flush();
        List<Future<RecordMetadata>> futures = unacked.get(name);
        unacked.put(name, new ArrayList<>());
        for (Future<RecordMetadata> f : futures) {
            f.get();
        }
    }

    private static byte[] bytes(String word) {
        return switch (word) {
            case "-" -> null;
            case "=" -> new byte[0];
            default -> Base64.getDecoder().decode(word);
        };
    }

    private static void dump(String[] words) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", words[2]);
        properties.put("isolation.level", words[3]);
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "none");
        properties.put("max.poll.records", "10000");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
             BufferedWriter out = Files.newBufferedWriter(Path.of(words[1]), StandardCharsets.UTF_8)) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : Arrays.asList(words).subList(4, words.length)) {
                consumer.partitionsFor(topic).forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                    if (r.offset() < ends.get(new TopicPartition(r.topic(), r.partition()))) {
                        write(out, sha, r);
                    }
                }
            }
        }
    }

    private static void write(BufferedWriter out, MessageDigest sha, ConsumerRecord<byte[], byte[]> r) throws Exception {
        out.write(r.topic() + " " + r.partition() + " " + r.offset() + " " + r.timestamp() + " " + r.timestampType()
            + " " + hash(sha, r.key()) + " " + hash(sha, r.value()) + " " + headers(sha, r) + "\n");
    }

    /** The headers' hash covers, in order, each key and value with its length as 4 bytes, -1 for null. */
    private static String headers(MessageDigest sha, ConsumerRecord<byte[], byte[]> r) {
        sha.reset();
        for (Header h : r.headers()) {
            feed(sha, h.key().getBytes(StandardCharsets.UTF_8));
            feed(sha, h.value());
        }
        return hex(sha.digest());
    }

    private static void feed(MessageDigest sha, byte[] b) {
        int n = b == null ? -1 : b.length;
        sha.update(new byte[] {(byte) (n >> 24), (byte) (n >> 16), (byte) (n >> 8), (byte) n});
        if (b != null) {
            sha.update(b);
        }
    }

    private static String hash(MessageDigest sha, byte[] b) {
        if (b == null) {
            return "-";
        }
        sha.reset();
        return hex(sha.digest(b));
    }

    private static String hex(byte[] b) {
        return java.util.HexFormat.of().formatHex(b);
    }
}
