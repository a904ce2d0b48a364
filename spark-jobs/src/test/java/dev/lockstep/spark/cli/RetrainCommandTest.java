package dev.lockstep.spark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Mnist;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.storage.Location;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Retraining as a scheduler starts it, day after day. */
class RetrainCommandTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 11, 9);
  private static final int A_DAY = 250;
  private static final Examples DIGITS = Mnist.load().training();

  @TempDir Path directory;
  private Partitions partitions;
  private ModelRegistry registry;

  @BeforeEach
  void prepare() throws Exception {
    partitions = new Partitions(Files.createDirectory(directory.resolve("digits")));
    registry = new ModelRegistry(Location.of(directory.resolve("models").toString()));
    Files.writeString(
        directory.resolve("retrain.yaml"),
        """
        seed: 3
        dataset:
          partitions: '%s'
          classes: 10
          test: {fraction: 0.2}
        network:
          layers:
            - dense: {units: 32, activation: relu}
            - dense: {units: 10, activation: softmax}
          loss: categorical_crossentropy
        training: {epochs: 8, batchSize: 20, shards: 4, optimizer: {name: adam, learningRate: 0.003}}
        retrain:
          registry: '%s'
          gate:
            minimum: {accuracy: 0.6}
            gain: {accuracy: -0.05}
          data: {minExamples: 100, classShift: 0.2}
        """
            .formatted(partitions.directory(), directory.resolve("models")));
  }

  private static Examples day(int number) {
    return DIGITS.select(IntStream.range(A_DAY * number, A_DAY * (number + 1)).toArray());
  }

  private LocalDate write(int number) throws Exception {
    LocalDate date = FIRST.plusDays(number);
    partitions.write(date, day(number));
    return date;
  }

  private Invocation retrain(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "retrain",
                "--config",
                directory.resolve("retrain.yaml").toString(),
                "--master",
                "local[1]"));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private static JsonNode summary(Invocation run) throws Exception {
    assertThat(run.out()).as(run.err()).hasSize(1);
    JsonNode summary = new ObjectMapper().readTree(run.lastLine());
    assertThat(summary.path("exitCode").asInt()).isEqualTo(run.exitCode());
    return summary;
  }

  private static String decision(Invocation run) throws Exception {
    return summary(run).path("decision").asText();
  }

  private String championFile() {
    return ModelFile.read("registry:" + directory.resolve("models") + "/champion").name();
  }

  private int championVersion() {
    return registry.champion().orElseThrow().version();
  }

  @Test
  void aFortnight() throws Exception {
    int versions = 0;
    for (int number = 0; number < 14; number++) {
      if (number == 4) {
        // The source delivered nothing.
        Invocation run = retrain();
        assertThat(run.exitCode()).isZero();
        assertThat(summary(run).path("decision").asText()).isEqualTo("unchanged");
        assertThat(summary(run).path("reason").asText()).contains("no data are new since version");
      } else if (number == 9) {
        int before = championVersion();
        Examples day = day(number);
        byte[] labels = new byte[A_DAY];
        for (int i = 0; i < A_DAY; i++) {
          labels[i] = (byte) day.label((i * 7 + 1) % A_DAY);
        }
        LocalDate date = FIRST.plusDays(number);
        partitions.write(date, new Examples(day.features(), 10, labels));

        Invocation run = retrain("--fail-on-refusal", "--set", "dataset.window=2");

        assertThat(run.exitCode()).as(run.err()).isEqualTo(10);
        assertThat(decision(run)).isEqualTo("refused");
        assertThat(summary(run).path("reason").asText()).contains("accuracy is 0.");
        assertThat(championVersion()).isEqualTo(before);
        versions++;
        // Once more tells the same without training again.
        Invocation again = retrain("--fail-on-refusal", "--set", "dataset.window=2");
        assertThat(again.exitCode()).isEqualTo(10);
        assertThat(decision(again)).isEqualTo("unchanged");
        assertThat(summary(again).path("reason").asText()).contains("which was refused: accuracy");
        delete(partitions.partition(date));
      } else if (number == 11) {
        Path images = partitions.partition(write(number)).resolve("images-idx3-ubyte");
        Files.write(images, Arrays.copyOf(Files.readAllBytes(images), 5000));

        Invocation run = retrain();

        assertThat(run.exitCode()).isEqualTo(11);
        assertThat(decision(run)).isEqualTo("data_refused");
        assertThat(summary(run).path("reason").asText()).startsWith(images.toString());
        write(number);
      } else {
        write(number);
        Invocation run = retrain();

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(decision(run)).as(run.lastLine()).isEqualTo("promoted");
        versions++;
        assertThat(championVersion()).isEqualTo(summary(run).path("version").asInt());
        assertThat(summary(run).path("data").path("through").asText())
            .isEqualTo(FIRST.plusDays(number).toString());
      }
      assertThat(registry.numbers()).hasSize(versions);
      assertThat(championFile()).contains("%06d".formatted(championVersion()));
    }
    JsonNode lineage = registry.about(championVersion()).orElseThrow().toJson().path("lineage");
    assertThat(lineage.path("start").asText()).isEqualTo("champion");

    // Whoever evaluates it gets the numbers that the registry has.
    Invocation evaluated =
        Invocation.of(
            "evaluate",
            "--json",
            "--model",
            "registry:" + directory.resolve("models") + "/champion");
    assertThat(new ObjectMapper().readTree(String.join("", evaluated.out())).path("test.confusion"))
        .isEqualTo(
            registry
                .about(championVersion())
                .orElseThrow()
                .metrics()
                .path("challenger")
                .path("confusion"));

    int last = championVersion();
    int before = ModelRegistry.previous(registry.history()).orElseThrow();
    String models = directory.resolve("models").toString();
    assertThat(Invocation.of("models", "rollback", "--registry", models).exitCode()).isZero();

    assertThat(championVersion()).isEqualTo(before).isLessThan(last);
    assertThat(championFile()).contains("%06d".formatted(before));
    // The next start does not undo it.
    assertThat(decision(retrain())).isEqualTo("unchanged");
    assertThat(championVersion()).isEqualTo(before);
  }

  @Test
  void aPromotionThatWasInterruptedIsFinished() throws Exception {
    write(0);
    retrain();
    write(1);
    retrain();
    assertThat(championVersion()).isEqualTo(2);
    Files.delete(directory.resolve("models/champions/000002.json"));
    Files.createDirectory(directory.resolve("models/versions/000003.unfinished-2"));

    Invocation next = retrain();

    assertThat(next.exitCode()).as(next.err()).isZero();
    assertThat(decision(next)).isEqualTo("unchanged");
    assertThat(championVersion()).isEqualTo(2);
    assertThat(directory.resolve("models/versions")).isDirectoryNotContaining("glob:**unfinished*");
  }

  @Test
  void dataThatAreNotWhatTheyWereAreRefused() throws Exception {
    write(0);
    retrain();
    byte[] ones = new byte[A_DAY];
    Arrays.fill(ones, (byte) 1);
    partitions.write(FIRST.plusDays(1), new Examples(day(1).features(), 10, ones));

    Invocation run = retrain("--metrics-file", directory.resolve("retrain.prom").toString());

    assertThat(run.exitCode()).isEqualTo(11);
    assertThat(summary(run).path("reason").asText()).contains("class 1 has 0.5");
    assertThat(Files.readString(directory.resolve("retrain.prom")))
        .contains("lockstep_retrain_decision{name=\"retrain\",decision=\"data_refused\"} 1.0")
        .contains("lockstep_retrain_decision{name=\"retrain\",decision=\"promoted\"} 0.0")
        .contains("lockstep_retrain_exit_code{name=\"retrain\"} 11.0")
        .contains("lockstep_retrain_champion_version{name=\"retrain\"} 1.0");
    assertThat(registry.numbers()).containsExactly(1);
    assertThat(summary(retrain("--set", "retrain.data.minExamples=5000")).path("reason").asText())
        .startsWith("there are 500 examples but there must be at least 5000");
  }

  @Test
  void whoeverMeetsTheLeaseLeavesAtOnce() throws Exception {
    write(0);
    Path metrics = Files.writeString(directory.resolve("retrain.prom"), "of the other");
    try (Lease lease = Lease.take(registry, Duration.ofMinutes(1))) {
      Invocation run = retrain("--metrics-file", metrics.toString());

      assertThat(run.exitCode()).isEqualTo(12);
      assertThat(decision(run)).isEqualTo("lease_held");
      assertThat(run.err()).contains("the lease is held by process");
    }
    assertThat(metrics).hasContent("of the other");
    assertThat(registry.numbers()).isEmpty();
  }

  @Test
  void aWebhookIsToldAfterSomeAttemptsAndItsUrlStaysSecret() throws Exception {
    write(0);
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    AtomicInteger attempts = new AtomicInteger();
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/hook/s3cr3t",
        exchange -> {
          boolean fails = attempts.incrementAndGet() == 1;
          if (!fails) {
            told.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          }
          exchange.sendResponseHeaders(fails ? 503 : 204, -1);
          exchange.close();
        });
    server.start();
    Path url =
        Files.writeString(
            directory.resolve("webhook"),
            "http://127.0.0.1:%d/hook/s3cr3t%n".formatted(server.getAddress().getPort()));
    try (LogLines log = LogLines.open()) {
      Invocation run = retrain("--webhook-file", url.toString());

      assertThat(decision(run)).isEqualTo("promoted");
      assertThat(told.poll()).isEqualTo(run.lastLine());
      assertThat(attempts).hasValue(2);
      assertThat(log.with("s3cr3t")).isEmpty();
      assertThat(log.with("the webhook on 127.0.0.1 was not told: status 503")).isNotEmpty();
      Files.writeString(url, "ftp://host/s3cr3t");
      Invocation mistake = retrain("--webhook-file", url.toString());
      assertThat(mistake.exitCode()).isEqualTo(2);
      assertThat(mistake.err()).contains("holds no URL").doesNotContain("s3cr3t");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aFailureIsSummedUpToo() throws Exception {
    write(0);
    retrain();
    write(1);
    Files.writeString(directory.resolve("models/versions/000001/model.zip"), "no zip");

    Invocation run = retrain();

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(decision(run)).isEqualTo("failed");
    assertThat(summary(run).path("reason").asText()).contains("not a zip archive");
    try (Lease lease = Lease.take(registry, Duration.ofMinutes(1))) {
      assertThat(lease.fence()).isEqualTo(3);
    }
  }

  @Test
  void aChallengerOfAnotherNetworkNeedsAnotherStart() throws Exception {
    write(0);
    retrain();

    Invocation run = retrain("--set", "network=mlp-512");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("cannot start from the parameters of").contains("from scratch");
    assertThat(retrain("--set", "network=mlp-512", "--set", "retrain.start=scratch").exitCode())
        .isZero();
  }

  @Test
  void exitCodesAreInTheHelp() {
    String help = String.join("\n", Invocation.of("retrain", "--help").out());

    for (int code : new int[] {0, 1, 2, 10, 11, 12, 130}) {
      assertThat(help).containsPattern("(?m)^ +" + code + " +\\S");
    }
    assertThat(help).containsOnlyOnce("Exit codes:");
  }

  @Test
  void onlyPartitionsAreLookedAtForNewDays() throws Exception {
    Invocation run = retrain("--set", "dataset=mnist");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("dataset must be {partitions: <directory>, ...}");
  }

  private static void delete(Path partition) throws Exception {
    try (java.util.stream.Stream<Path> files = Files.list(partition)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(partition);
  }
}
