package dev.lockstep.coordinator;

import dev.lockstep.benchmarks.kernel.ShippedProblem;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the coordinator does when the last of many workers' gradients of {@code mlp-512} has come,
 * by one thread; the coordinator divides it among several. What has been received from other JVMs
 * is added up by then; what workers of its own JVM have computed is not.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ReductionBenchmark {
  private static final int EXAMPLES = 16;

  @Param({"1", "2", "8", "16"})
  public int workers;

  @Param({"false", "true"})
  public boolean received;

  private final Block.Scratch scratch = new Block.Scratch();
  private final ShippedProblem problem = ShippedProblem.of("mlp-512", EXAMPLES);
  private Contribution[] gradients;
  private GradientUpdate update;
  private long step;

  /** Lets the workers contribute. */
  @Setup
  public void contribute() {
    int length = problem.parameters().capacity();
    gradients =
        Stream.generate(() -> contribution(length)).limit(workers).toArray(Contribution[]::new);
    update =
        new GradientUpdate(
            problem.network().layout(),
            Optimizer.read(Section.parse("optimizer", "{name: rmsprop}")),
            FloatVector.allocate(length),
            SumTree.inOrder(workers),
            workers);
  }

  private static Contribution contribution(int length) {
    Contribution contribution = Contribution.ofLength(length);
    FloatBuffer vector = contribution.vector();
    for (int i = 0; i < length; i++) {
      vector.put(i, (i * 37 % 101 - 50) / 50f);
    }
    contribution.sums().set(1, 1, EXAMPLES);
    return contribution;
  }

  /** Lets them arrive in the workers' order, which leaves least. */
  @Setup(Level.Invocation)
  public void collect() {
    update.collect(gradients);
    if (received) {
      for (Contribution gradient : gradients) {
        update.received(gradient, gradient.vector().capacity(), scratch);
      }
    }
  }

  /** The rest of the sum, division, optimizer, publishing. */
  @Benchmark
  public void addUpAndUpdate() {
    update.begin(step, step);
    for (int task = 0; task < update.tasksPerPhase(); task++) {
      update.run(task, scratch);
    }
    step++;
  }
}
