package dev.lockstep.spark.cli;

import static dev.lockstep.spark.cli.NightlyRetraining.FIRST;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.registry.Version;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.source.ParquetFile;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.parquet.example.data.Group;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Retraining as a scheduler starts it, day after day. */
class RetrainCommandTest {
  @TempDir Path directory;
  private NightlyRetraining nightly;
  private ModelRegistry registry;

  @BeforeEach
  void prepare() throws Exception {
    nightly = NightlyRetraining.in(directory);
    registry = nightly.models();
  }

  @Test
  void aFortnight(@TempDir Path here) throws Exception {
    NightlyRetraining.ofMnist(
            here, here.resolve("digits").toString(), here.resolve("models").toString(), () -> {})
        .fortnight();
  }

  @Test
  void aVersionHasTheMetricsAndTheCountsOfBothModels() throws Exception {
    nightly.write(0);
    nightly.retrain();
    nightly.write(1);
    nightly.retrain();
    Version about = registry.about(2).orElseThrow();
    Examples heldOut = DatasetSource.of(about.data().source()).load().test();
    Path written = new Partitions(directory.resolve("held-out")).write(FIRST, heldOut);
    boolean[] now = right(2, written, heldOut);
    boolean[] before = right(1, written, heldOut);
    int[] cells = new int[4];
    for (int i = 0; i < now.length; i++) {
      cells[(now[i] ? 2 : 0) + (before[i] ? 1 : 0)]++;
    }

    JsonNode metrics = about.metrics();
    assertThat(now).hasSize((int) about.data().test()).hasSizeGreaterThan(50);
    assertThat(metrics.path("mcNemar").path("onlyChallenger").asInt()).isEqualTo(cells[2]);
    assertThat(metrics.path("mcNemar").path("onlyChampion").asInt()).isEqualTo(cells[1]);
    assertThat(metrics.path("challenger").path("accuracy").asDouble())
        .isCloseTo((double) (cells[3] + cells[2]) / now.length, within(1e-9));
    assertThat(metrics.path("champion").path("accuracy").asDouble())
        .isCloseTo((double) (cells[3] + cells[1]) / now.length, within(1e-9));
    assertThat(cells[1] + cells[2]).isPositive();
    assertThat(about.retrain().path("gate").path("minimum").path("accuracy").asDouble())
        .isEqualTo(0.6);
    assertThat(Invocation.of("models", "show", "2", "--registry", nightly.registry()).out())
        .anyMatch(line -> line.contains("\"classShift\" : 0.2"));
  }

  /** Which of {@code examples}, written to {@code partition}, the version predicts rightly. */
  private boolean[] right(int version, Path partition, Examples examples) {
    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            "registry:" + nightly.registry() + "/" + version,
            "--input",
            partition.resolve("images-idx3-ubyte").toString(),
            "--master",
            "local[1]");
    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    boolean[] right = new boolean[examples.size()];
    for (int i = 0; i < right.length; i++) {
      String[] row = predicted.out().get(i + 1).split(",");
      right[i] = Integer.parseInt(row[1]) == examples.label(i);
    }
    return right;
  }

  @Test
  void theGateSaysAllThereIsAgainstAChallengerAndAPromotionByHandOverrulesIt() throws Exception {
    nightly.write(0);
    nightly.retrain();
    nightly.write(1);
    String[] untrained = {
      "--fail-on-refusal",
      "--set",
      "retrain.start=scratch",
      "--set",
      "training={epochs: 1, batchSize: 20, shards: 4, optimizer: {name: sgd, learningRate: 1.0e-6}}",
      "--set",
      "retrain.gate={gain: {accuracy: 0.01, significance: 0.05}, recallDrop: 0.1}"
    };

    try (LogLines log = LogLines.open("dev.lockstep.spark.job.RetrainingJob")) {
      Invocation refused = nightly.retrain(untrained);

      assertThat(refused.exitCode()).isEqualTo(10);
      assertThat(NightlyRetraining.summary(refused).path("reason").asText())
          .containsPattern("a gain of -0\\.[0-9]+, which must be at least 0\\.01")
          .contains("the gain is not significant: it alone is right about")
          .containsPattern("recall of class [0-9] falls from 0\\.[0-9]+ to 0\\.");
      assertThat(log.with("refused, version 2, champion 1, data of 2026-11-09 to 2026-11-10"))
          .singleElement()
          .asString()
          .contains("fingerprint " + registry.about(2).orElseThrow().data().fingerprint());
    }
    assertThat(nightly.retrain(untrained).exitCode()).isEqualTo(10);
    assertThat(Invocation.of("models", "promote", "2", "--registry", nightly.registry()).exitCode())
        .isZero();

    Invocation overruled = nightly.retrain(untrained);

    assertThat(overruled.exitCode()).isZero();
    assertThat(NightlyRetraining.summary(overruled).path("reason").asText())
        .contains("which was refused and promoted by hand");
  }

  @Test
  void aChallengerStartsFromTheChampionOrFromScratch() throws Exception {
    nightly.write(0);
    nightly.retrain();
    String[] still = {
      "--set", "training.epochs=1", "--set", "training.optimizer.learningRate=1.0e-30"
    };
    nightly.retrain(still);
    nightly.retrain(still[0], still[1], still[2], still[3], "--set", "retrain.start=scratch");

    assertThat(parameters(2)).containsExactly(parameters(1), within(1e-20f));
    assertThat(difference(parameters(3), parameters(1))).isGreaterThan(0.05f);
  }

  private float[] parameters(int version) {
    return ModelFile.read("registry:" + nightly.registry() + "/" + version)
        .open(nightly.day(0).shape(), OptionalInt.of(10))
        .parameters();
  }

  private static float difference(float[] a, float[] b) {
    float most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  @Test
  void aChampionOfParquetDaysKnowsTheColumnsThatItTakes() throws Exception {
    Path day = Files.createDirectories(directory.resolve("rows/dt=2026-11-09"));
    Path file = day.resolve("part-0.parquet");
    ParquetFile.of("required double a; required double b; required int32 species;")
        .write(
            file,
            IntStream.range(0, 120)
                .<Consumer<Group>>mapToObj(
                    i ->
                        row ->
                            row.append("a", 0.01 * i)
                                .append("b", i % 2 == 0 ? 1.0 : -1.0)
                                .append("species", i % 2))
                .toList());
    Invocation trained =
        nightly.retrain(
            "--set",
            "dataset={partitions: '%s', features: [a, b], label: species, test: {fraction: 0.3}}"
                .formatted(directory.resolve("rows")),
            "--set",
            "network={layers: [dense: {units: 2, activation: softmax}], loss: categorical_crossentropy}",
            "--set",
            "retrain.gate.minimum.accuracy=0");
    assertThat(NightlyRetraining.decision(trained)).as(trained.err()).isEqualTo("promoted");

    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            "registry:" + nightly.registry() + "/champion",
            "--input",
            "{parquet: '%s'}".formatted(file),
            "--master",
            "local[1]");

    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    assertThat(predicted.out()).hasSize(121);
  }

  @Test
  void aRegistryThatCannotBeWorkedInIsAFailure() throws Exception {
    nightly.write(0);
    Files.writeString(Files.createDirectory(directory.resolve("models")).resolve("lease"), "");

    Invocation failed = nightly.retrain();

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(NightlyRetraining.decision(failed)).isEqualTo("failed");
    assertThat(NightlyRetraining.summary(failed).path("reason").asText()).contains("models/lease");
  }

  @Test
  void mistakesAreSummedUpToo() throws Exception {
    nightly.write(0);
    Path metrics = directory.resolve("retrain.prom");

    Invocation mistaken =
        nightly.retrain("--set", "training.epochs=many", "--metrics-file", metrics.toString());

    assertThat(mistaken.exitCode()).isEqualTo(2);
    assertThat(NightlyRetraining.decision(mistaken)).isEqualTo("failed");
    assertThat(mistaken.lastLine()).contains("training.epochs is 'many'");
    assertThat(metrics).content().contains("lockstep_retrain_exit_code{name=\"retrain\"} 2.0");
    Invocation nowhere =
        nightly.retrain(
            "--metrics-file",
            Files.createDirectory(directory.resolve("directory.prom")).toString());
    assertThat(nowhere.exitCode()).isEqualTo(2);
    assertThat(nowhere.err()).contains("--metrics-file cannot be written: ");
    assertThat(NightlyRetraining.decision(nowhere)).isEqualTo("failed");
  }

  @Test
  void aHostThatNoRequestCanBeMadeToIsRefusedBeforeTheWork() throws Exception {
    nightly.write(0);
    Path url = Files.writeString(directory.resolve("webhook"), "https://my_host/s3cr3t");

    Invocation refused = nightly.retrain("--webhook-file", url.toString());

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(NightlyRetraining.decision(refused)).isEqualTo("failed");
    assertThat(refused.err() + refused.lastLine())
        .contains("holds no URL that can be used")
        .doesNotContain("s3cr3t");
    assertThat(registry.numbers()).isEmpty();
  }

  @Test
  void aPromotionThatWasInterruptedIsFinished() throws Exception {
    nightly.write(0);
    nightly.retrain();
    nightly.write(1);
    nightly.retrain();
    assertThat(nightly.championVersion()).isEqualTo(2);
    Files.delete(directory.resolve("models/champions/000002.json"));
    Files.createDirectory(directory.resolve("models/versions/000003.unfinished-2"));

    Invocation next = nightly.retrain();

    assertThat(next.exitCode()).as(next.err()).isZero();
    assertThat(NightlyRetraining.decision(next)).isEqualTo("promoted");
    assertThat(NightlyRetraining.summary(next).path("reason").asText())
        .startsWith("the retraining that made version 2 died before it could promote it: accuracy");
    assertThat(nightly.championVersion()).isEqualTo(2);
    assertThat(directory.resolve("models/versions")).isDirectoryNotContaining("glob:**unfinished*");
  }

  @Test
  void dataThatAreNotWhatTheyWereAreRefused() throws Exception {
    nightly.write(0);
    nightly.retrain();
    byte[] ones = new byte[nightly.aDay()];
    Arrays.fill(ones, (byte) 1);
    nightly
        .partitions()
        .write(FIRST.plusDays(1), new Examples(nightly.day(1).features(), 10, ones));

    Invocation run =
        nightly.retrain("--metrics-file", directory.resolve("retrain.prom").toString());

    assertThat(run.exitCode()).isEqualTo(11);
    assertThat(NightlyRetraining.summary(run).path("reason").asText()).contains("class 1 has 0.5");
    assertThat(Files.readString(directory.resolve("retrain.prom")))
        .contains("lockstep_retrain_decision{name=\"retrain\",decision=\"data_refused\"} 1.0")
        .contains("lockstep_retrain_decision{name=\"retrain\",decision=\"promoted\"} 0.0")
        .contains("lockstep_retrain_exit_code{name=\"retrain\"} 11.0")
        .contains("lockstep_retrain_champion_version{name=\"retrain\"} 1.0");
    assertThat(registry.numbers()).containsExactly(1);
    assertThat(NightlyRetraining.summary(run).path("data").path("fingerprint").asText())
        .hasSize(64);
    assertThat(
            NightlyRetraining.summary(nightly.retrain("--set", "retrain.data.minExamples=5000"))
                .path("reason")
                .asText())
        .startsWith("there are 500 examples but there must be at least 5000");
  }

  @Test
  void whoeverMeetsTheLeaseLeavesAtOnce() throws Exception {
    nightly.write(0);
    Path metrics = Files.writeString(directory.resolve("retrain.prom"), "of the other");
    try (Lease lease = Lease.take(registry.location(), Duration.ofMinutes(1))) {
      Invocation run = nightly.retrain("--metrics-file", metrics.toString());

      assertThat(run.exitCode()).isEqualTo(12);
      assertThat(NightlyRetraining.decision(run)).isEqualTo("lease_held");
      assertThat(run.err()).contains("the lease is held by process");
    }
    assertThat(metrics).hasContent("of the other");
    assertThat(registry.numbers()).isEmpty();
  }

  @Test
  void aWebhookIsToldAfterSomeAttemptsAndItsUrlStaysSecret() throws Exception {
    nightly.write(0);
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
      Invocation run = nightly.retrain("--webhook-file", url.toString());

      assertThat(NightlyRetraining.decision(run)).isEqualTo("promoted");
      assertThat(told.poll()).isEqualTo(run.lastLine());
      assertThat(attempts).hasValue(2);
      assertThat(log.with("s3cr3t")).isEmpty();
      assertThat(log.with("the webhook on 127.0.0.1 was not told: status 503")).isNotEmpty();
      Files.writeString(url, "ftp://host/s3cr3t");
      Invocation mistake = nightly.retrain("--webhook-file", url.toString());
      assertThat(mistake.exitCode()).isEqualTo(2);
      assertThat(mistake.err()).contains("holds no URL").doesNotContain("s3cr3t");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aFailureIsSummedUpToo() throws Exception {
    nightly.write(0);
    nightly.retrain();
    nightly.write(1);
    Files.writeString(directory.resolve("models/versions/000001/model.zip"), "no zip");

    Invocation run = nightly.retrain();

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(NightlyRetraining.decision(run)).isEqualTo("failed");
    assertThat(NightlyRetraining.summary(run).path("reason").asText())
        .contains("not a zip archive");
    try (Lease lease = Lease.take(registry.location(), Duration.ofMinutes(1))) {
      assertThat(lease.fence()).isEqualTo(3);
    }
  }

  @Test
  void aChallengerOfAnotherNetworkNeedsAnotherStart() throws Exception {
    nightly.write(0);
    nightly.retrain();

    Invocation run = nightly.retrain("--set", "network=mlp-512");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("cannot start from the parameters of").contains("from scratch");
    assertThat(
            nightly
                .retrain("--set", "network=mlp-512", "--set", "retrain.start=scratch")
                .exitCode())
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
    Invocation run = nightly.retrain("--set", "dataset=mnist");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("dataset must be {partitions: <directory>, ...}");
  }
}
