package dev.lockstep.spark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
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
  void aFortnight() throws Exception {
    nightly.fortnight();
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
    assertThat(NightlyRetraining.decision(next)).isEqualTo("unchanged");
    assertThat(nightly.championVersion()).isEqualTo(2);
    assertThat(directory.resolve("models/versions")).isDirectoryNotContaining("glob:**unfinished*");
  }

  @Test
  void dataThatAreNotWhatTheyWereAreRefused() throws Exception {
    nightly.write(0);
    nightly.retrain();
    byte[] ones = new byte[NightlyRetraining.A_DAY];
    Arrays.fill(ones, (byte) 1);
    nightly
        .partitions()
        .write(
            NightlyRetraining.FIRST.plusDays(1),
            new Examples(NightlyRetraining.day(1).features(), 10, ones));

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
    try (Lease lease = Lease.take(registry, Duration.ofMinutes(1))) {
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
    try (Lease lease = Lease.take(registry, Duration.ofMinutes(1))) {
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
