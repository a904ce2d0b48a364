package dev.lockstep.benchmarks.kernel;

import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The gradient of one micro-batch. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class EngineBenchmark {
  /** A network of {@code conf/networks}. */
  @Param({"mlp-512", "lenet"})
  public String network;

  /** How many examples the micro-batch has. */
  @Param({"64", "128"})
  public int microBatch;

  /** What computes. */
  @Param({"fused", "dl4j"})
  public String engine;

  private ShippedProblem problem;
  private Engine opened;
  private final StepSums sums = new StepSums();
  private long step;

  /** Opens the engine. */
  @Setup
  public void open() {
    problem = ShippedProblem.of(network, microBatch);
    opened =
        engine.equals("fused")
            ? new FusedEngine(
                problem.network(), 1, problem.parameters(), problem.gradient(), microBatch)
            : new Dl4jEngine(
                problem.network(), 1, problem.parameters(), problem.gradient(), microBatch);
  }

  /** Forward, loss and backward. */
  @Benchmark
  public double gradient() {
    opened.gradient(problem.batch(), step++, sums);
    return sums.loss();
  }

  /** Closes the engine. */
  @TearDown
  public void close() {
    opened.close();
  }
}
