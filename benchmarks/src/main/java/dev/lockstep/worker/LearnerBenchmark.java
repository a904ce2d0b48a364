package dev.lockstep.worker;

import dev.lockstep.engine.FloatVector;
import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The loop with which a worker adds up its micro-batches' gradients, outside the heap, in
 * nanoseconds a number. In the worker's own package, whose learners nobody else sees.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(GradientLearner.BLOCK)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LearnerBenchmark {
  private final FloatBuffer target = FloatVector.allocate(GradientLearner.BLOCK);
  private final FloatBuffer right = FloatVector.allocate(GradientLearner.BLOCK);
  private final float[] sum = new float[GradientLearner.BLOCK];
  private final float[] term = new float[GradientLearner.BLOCK];

  /** Adds one block to another. */
  @Benchmark
  public FloatBuffer addMicroBatch() {
    GradientLearner.addTo(target, right, sum, term);
    return target;
  }
}
