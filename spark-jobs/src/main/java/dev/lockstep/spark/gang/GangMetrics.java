package dev.lockstep.spark.gang;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.RoundTime;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import java.time.Duration;
import java.util.BitSet;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training as a source of Spark's metrics, so that every sink that Spark is configured for
 * carries it, under the name {@code lockstep}. Of trainings that run at once the others are called
 * {@code gang2.lockstep}, {@code gang3.lockstep} and so on: Spark carries one source of each name,
 * and forgets with a source all whose names begin as its own does. Safe for use by many threads.
 */
final class GangMetrics implements Source, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GangMetrics.class);

  /** The numbers of the trainings that run now, from 0. */
  private static final BitSet NUMBERS = new BitSet();

  private final MetricRegistry registry = new MetricRegistry();
  private final int number;
  private final SharedMemoryCoordinator coordinator;
  private final MetricsSystem system;
  private final Duration patience;

  private GangMetrics(
      SharedMemoryCoordinator coordinator, MetricsSystem system, Duration patience) {
    this.coordinator = coordinator;
    this.system = system;
    this.patience = patience;
    this.number = takeNumber();
    addProgress();
    addWorkers();
    addRounds();
  }

  /**
   * Lets {@code system} carry the training that {@code coordinator} leads.
   *
   * @param patience after how long it is said that a sink has not taken the last values
   */
  static GangMetrics register(
      SharedMemoryCoordinator coordinator, MetricsSystem system, Duration patience) {
    GangMetrics metrics = new GangMetrics(coordinator, system, patience);
    system.registerSource(metrics);
    return metrics;
  }

  private static int takeNumber() {
    synchronized (NUMBERS) {
      int free = NUMBERS.nextClearBit(0);
      NUMBERS.set(free);
      return free;
    }
  }

  private void addProgress() {
    add("epoch", Progress::epoch);
    add("examplesPerSecond", Progress::examplesPerSecond);
    add("loss", Progress::loss);
    Gauge<Long> step = () -> coordinator.state().step();
    registry.register("step", step);
  }

  private void add(String name, ToDoubleFunction<Progress> value) {
    Gauge<Double> gauge = () -> value.applyAsDouble(coordinator.progress());
    registry.register(name, gauge);
  }

  private void addWorkers() {
    for (WorkerState state : WorkerState.values()) {
      Gauge<Long> count = () -> coordinator.state().count(state);
      registry.register("workers." + state.name().toLowerCase(Locale.ROOT), count);
    }
    Gauge<Long> losses = () -> coordinator.state().losses();
    Gauge<Long> recoveries = () -> coordinator.state().recoveries();
    registry.register("workers.losses", losses);
    registry.register("workers.recoveries", recoveries);
  }

  private void addRounds() {
    Gauge<Double> overlap = coordinator::overlap;
    registry.register("round.overlap", overlap);
    Timer compute = registry.timer("round.compute");
    Timer wire = registry.timer("round.wire");
    Timer wait = registry.timer("round.wait");
    Timer update = registry.timer("round.update");
    coordinator.observe(
        (RoundTime time) -> {
          compute.update(time.computeNanos(), TimeUnit.NANOSECONDS);
          wire.update(time.wireNanos(), TimeUnit.NANOSECONDS);
          wait.update(time.waitNanos(), TimeUnit.NANOSECONDS);
          update.update(time.updateNanos(), TimeUnit.NANOSECONDS);
        });
  }

  @Override
  public String sourceName() {
    return number == 0 ? "lockstep" : "gang%d.lockstep".formatted(number + 1);
  }

  @Override
  public MetricRegistry metricRegistry() {
    return registry;
  }

  /** Has the sinks that write from time to time write the last values. */
  @Override
  public void close() {
    try (Notice unused =
        Notice.after(
            patience,
            GangMetrics.class,
            () ->
                "Spark's metrics sinks to take the last values of the training; it goes on when they"
                    + " have, or have failed")) {
      system.report();
    } catch (RuntimeException e) {
      LOG.warn("a sink of Spark's metrics has not taken the last values of the training", e);
    } finally {
      system.removeSource(this);
      synchronized (NUMBERS) {
        NUMBERS.clear(number);
      }
    }
  }
}
