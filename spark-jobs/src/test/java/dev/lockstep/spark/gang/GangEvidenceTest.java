package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.codahale.metrics.MetricRegistry;
import dev.lockstep.spark.ListeningSocket;
import dev.lockstep.spark.LogLines;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.metrics.sink.Sink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What can be watched of a training while it runs. */
@Timeout(60)
class GangEvidenceTest {
  private static final long STEP = 30;
  private static final Pattern METRIC =
      Pattern.compile("metrics_.*_driver_lockstep_(\\w+?)\\{[^}]*} (\\S+)");

  @AfterEach
  void letSinksTakeValues() {
    StuckSink.whenHeard = () -> {};
  }

  @Test
  void ofASinkThatDoesNotTakeTheLastValuesItIsSaidThatTheyAreAwaited() {
    try (LogLines log = LogLines.open()) {
      StuckSink.whenHeard = () -> log.await("metrics sinks");
      try (JavaSparkContext spark =
          SmallGang.spark(
              "local[2]",
              "spark.metrics.conf.driver.sink.stuck.class=" + StuckSink.class.getName())) {
        SmallGang.of("epochs: 1, workerTimeout: 2", step -> {}).run(spark);

        assertThat(log.with("metrics sinks"))
            .containsExactly(
                "waiting since 1 s for Spark's metrics sinks to take the last values of the training;"
                    + " it goes on when they have, or have failed");
      }
    }
  }

  @Test
  void aSinkThatFailsCostsNoTraining() {
    StuckSink.whenHeard =
        () -> {
          throw new IllegalStateException("the sink is full");
        };
    try (LogLines log = LogLines.open();
        JavaSparkContext spark =
            SmallGang.spark(
                "local[2]",
                "spark.metrics.conf.driver.sink.stuck.class=" + StuckSink.class.getName())) {
      for (int training = 0; training < 2; training++) {
        assertThat(SmallGang.of("epochs: 1", step -> {}).run(spark).rounds().rounds())
            .isEqualTo(SmallGang.STEPS);
      }

      assertThat(log.with("a sink of Spark's metrics has not taken the last values")).hasSize(2);
      assertThat(log.with("already registered")).isEmpty();
    }
  }

  /** Takes values once somebody has heard of it. */
  public static final class StuckSink implements Sink {
    private static Runnable whenHeard = () -> {};

    /** As Spark asks for it. */
    public StuckSink(Properties settings, MetricRegistry registry) {}

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public void report() {
      whenHeard.run();
    }
  }

  @Test
  void sparksPrometheusPageCarriesTheTraining() {
    Map<String, Double> seen = new TreeMap<>();
    AtomicBoolean died = new AtomicBoolean();
    try (JavaSparkContext spark =
        SmallGang.spark(
            "local[2,4]",
            "spark.ui.enabled=true",
            "spark.ui.port=0",
            "spark.metrics.conf.*.sink.prometheusServlet.class=org.apache.spark.metrics.sink.PrometheusServlet",
            "spark.metrics.conf.*.sink.prometheusServlet.path=/metrics/prometheus")) {
      String page = spark.sc().uiWebUrl().get() + "/metrics/prometheus/";
      SmallGang.of(
              "epochs: 1",
              step -> {
                if (step == STEP && TaskContext.getPartitionId() == 1) {
                  if (died.compareAndSet(false, true)) {
                    throw new IllegalStateException("this worker dies");
                  }
                  seen.putAll(metrics(get(page)));
                }
              })
          .run(spark);

      assertThat(metrics(get(page))).isEmpty();
    }
    assertThat(seen)
        .containsEntry("step_Value", 30.0)
        .containsEntry("epoch_Value", 1.0)
        .containsEntry("workers_absent_Value", 0.0)
        .containsEntry("workers_losses_Value", 1.0)
        .containsEntry("workers_recoveries_Value", 1.0)
        .containsEntry("round_compute_Count", 30.0)
        .containsEntry("round_wait_Count", 30.0)
        .containsEntry("round_update_Count", 30.0)
        .containsEntry("round_overlap_Value", 0.0);
    assertThat(seen.get("workers_computing_Value") + seen.get("workers_waiting_Value"))
        .isEqualTo(2);
    assertThat(seen.get("examplesPerSecond_Value")).isPositive();
    assertThat(seen.get("loss_Value")).isBetween(0.1, 5.0);
    assertThat(seen.get("round_compute_50thPercentile")).isPositive();
  }

  private static Map<String, Double> metrics(String page) {
    Map<String, Double> metrics = new TreeMap<>();
    page.lines()
        .map(METRIC::matcher)
        .filter(Matcher::matches)
        .forEach(line -> metrics.put(line.group(1), Double.parseDouble(line.group(2))));
    return metrics;
  }

  private static String get(String page) {
    try {
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(URI.create(page)).build(), BodyHandlers.ofString())
          .body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void soDoesJmx() {
    AtomicReference<Object> step = new AtomicReference<>();
    try (JavaSparkContext spark =
        SmallGang.spark(
            "local[2]",
            "spark.metrics.conf.*.sink.jmx.class=org.apache.spark.metrics.sink.JmxSink")) {
      SmallGang.of(
              "epochs: 1",
              at -> {
                if (at == STEP && TaskContext.getPartitionId() == 0) {
                  step.set(jmx("*.driver.lockstep.step"));
                }
              })
          .run(spark);
    }
    assertThat(step).hasValue(STEP);
  }

  @Test
  void trainingsThatRunAtOnceAreToldApartAndTheEndOfOneHidesNoOther() throws Exception {
    CountDownLatch firstRuns = new CountDownLatch(1);
    CountDownLatch secondHasEnded = new CountDownLatch(1);
    Map<String, Object> seen = new ConcurrentHashMap<>();
    try (JavaSparkContext spark =
        SmallGang.spark(
            "local[4]",
            "spark.metrics.conf.*.sink.jmx.class=org.apache.spark.metrics.sink.JmxSink")) {
      Gang first =
          SmallGang.of(
              "epochs: 1",
              at -> {
                if (at == STEP && TaskContext.getPartitionId() == 0) {
                  firstRuns.countDown();
                  await(secondHasEnded);
                  seen.put("first", jmx("*.driver.lockstep.step"));
                }
              });
      Gang second =
          SmallGang.of(
              "epochs: 1",
              at -> {
                if (at == STEP - 1 && TaskContext.getPartitionId() == 0) {
                  seen.put("second", jmx("*.driver.gang2.lockstep.step"));
                }
              });
      CompletableFuture<?> running = CompletableFuture.supplyAsync(() -> first.run(spark));
      await(firstRuns);
      second.run(spark);
      secondHasEnded.countDown();
      running.get(20, TimeUnit.SECONDS);
    }
    assertThat(seen).containsOnly(entry("first", STEP), entry("second", STEP - 1));
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object jmx(String name) {
    try {
      MBeanServer server = ManagementFactory.getPlatformMBeanServer();
      ObjectName metric =
          server
              .queryNames(new ObjectName("metrics:type=gauges,name=" + name), null)
              .iterator()
              .next();
      return server.getAttribute(metric, "Value");
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aTrainingInOneProcessOpensNoPortBesideSparks() {
    List<ListeningSocket> seen = new ArrayList<>();
    List<ListeningSocket> ofSpark = new ArrayList<>();
    List<ListeningSocket> others = ListeningSocket.of(ProcessHandle.current().pid());
    try (JavaSparkContext spark = SmallGang.spark("local[2]")) {
      ofSpark.add(
          new ListeningSocket(
              "127.0.0.1", Integer.parseInt(spark.getConf().get("spark.driver.port"))));
      ofSpark.add(
          new ListeningSocket("127.0.0.1", SparkEnv.get().blockManager().blockManagerId().port()));
      SmallGang.of(
              "epochs: 1",
              step -> {
                if (step == STEP && TaskContext.getPartitionId() == 0) {
                  seen.addAll(ListeningSocket.of(ProcessHandle.current().pid()));
                }
              })
          .run(spark);
    }
    seen.removeAll(others);
    assertThat(seen).containsExactlyInAnyOrderElementsOf(ofSpark);
  }
}
