package dev.lockstep.coordinator;

import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.Penalty;
import dev.lockstep.yaml.Section;
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
 * The coordinator's loops over one block of a vector, in nanoseconds a parameter: the sum of two
 * gradients, what is done to it, and the updates of the optimizers. In the coordinator's own
 * package, whose blocks nobody else sees.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Block.MOST)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BlockBenchmark {
  private static final float LEARNING_RATE = 1e-3f;

  private static final Penalty L1 = new Penalty(1e-4, 0);
  private static final Penalty L2 = new Penalty(0, 1e-4);
  private static final Clipping CLIPPING = new Clipping(1, 0);

  private final float[] parameters = numbers();
  private final float[] gradient = numbers();
  private final float[] sum = new float[Block.MOST];
  private final Optimizer sgd = optimizer("{name: sgd, momentum: 0.9}");
  private final Optimizer rmsprop = optimizer("{name: rmsprop}");
  private final Optimizer adam = optimizer("{name: adam}");
  private final float[][] sgdState = new float[sgd.slots().size()][Block.MOST];
  private final float[][] rmspropState = new float[rmsprop.slots().size()][Block.MOST];
  private final float[][] adamState = new float[adam.slots().size()][Block.MOST];

  private static float[] numbers() {
    float[] numbers = new float[Block.MOST];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (i * 37 % 101 - 50) / 50f;
    }
    return numbers;
  }

  private static Optimizer optimizer(String yaml) {
    return Optimizer.read(Section.parse("optimizer", yaml));
  }

  /** The sum of two gradients. */
  @Benchmark
  public float[] add() {
    Block.add(sum, gradient, Block.MOST);
    return sum;
  }

  /** The mean over the batch's examples. */
  @Benchmark
  public float[] divide() {
    Block.divide(gradient, 1, Block.MOST);
    return gradient;
  }

  /** The gradient of an L1 penalty. */
  @Benchmark
  public float[] l1() {
    L1.addGradient(parameters, sum, 0, Block.MOST);
    return sum;
  }

  /** The gradient of an L2 penalty. */
  @Benchmark
  public float[] l2() {
    L2.addGradient(parameters, sum, 0, Block.MOST);
    return sum;
  }

  /** Clipping by value. */
  @Benchmark
  public float[] clip() {
    CLIPPING.clip(gradient, 0, Block.MOST);
    return gradient;
  }

  /** The first half of clipping by the norm; in double precision and a fixed order. */
  @Benchmark
  public double sumOfSquares() {
    return Clipping.sumOfSquares(gradient, 0, Block.MOST);
  }

  /** The second half of clipping by the norm. */
  @Benchmark
  public float[] scale() {
    Clipping.scale(gradient, 0, Block.MOST, 1);
    return gradient;
  }

  /** Gradient descent with momentum. */
  @Benchmark
  public float[] sgd() {
    return update(sgd, sgdState);
  }

  /** RMSProp. */
  @Benchmark
  public float[] rmsprop() {
    return update(rmsprop, rmspropState);
  }

  /** Adam. */
  @Benchmark
  public float[] adam() {
    return update(adam, adamState);
  }

  private float[] update(Optimizer optimizer, float[][] state) {
    optimizer.update(parameters, gradient, Block.MOST, state, 1, LEARNING_RATE);
    return parameters;
  }
}
