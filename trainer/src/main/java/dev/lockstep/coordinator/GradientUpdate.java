package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.engine.StepSums;
import dev.lockstep.network.ParameterLayout;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.Penalty;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * One optimizer step from the workers' gradient sums: adds them in the order of a {@link SumTree},
 * divides once by the count of examples, adds L1/L2, clips, and applies the optimizer, block by
 * block in one pass over memory; what was received from other JVMs is mostly added up before
 * ({@link Reduction}). Clipping by the global norm needs the whole gradient first, hence a second
 * pass.
 *
 * <p>Running statistics of batch normalisation are no parameters to the optimizer: their averaged
 * change is subtracted as it is.
 *
 * <p>Tasks of one phase touch disjoint parts of memory and may run in parallel; {@link #collect}
 * and {@link #begin} must happen before them.
 */
public final class GradientUpdate implements Round {
  private final List<Block> blocks;
  private final Optimizer optimizer;
  private final FloatBuffer parameters;
  private final List<Penalty> penalties;
  private final BlockState state;
  private final double[] squares;

  private final Reduction reduction;

  private Contribution[] contributions;
  private float count;
  private long step;
  private double learningRate;
  private double overlap;
  private volatile double scale;

  /**
   * Updates {@code parameters} (as long as {@code layout}) in place; the optimizer's state starts
   * at zero.
   *
   * @param tree in which order the contributions are added
   * @param workers how many workers contribute what they hold of the tree
   */
  public GradientUpdate(
      ParameterLayout layout,
      Optimizer optimizer,
      FloatBuffer parameters,
      SumTree tree,
      int workers) {
    this.blocks = Block.of(layout);
    this.optimizer = optimizer;
    this.parameters = parameters;
    this.penalties =
        blocks.stream()
            .map(block -> new Penalty(block.segment().l1(), block.segment().l2()))
            .toList();
    this.state = new BlockState(blocks, optimizer);
    this.squares = new double[blocks.size()];
    this.reduction = new Reduction(blocks, tree, workers);
  }

  /** The optimizer's state. */
  public BlockState state() {
    return state;
  }

  /** One step from {@code gradientSums}, by the calling thread alone. */
  public void step(Contribution[] gradientSums, long stepNumber, Workspace workspace) {
    collect(gradientSums);
    begin(stepNumber, stepNumber);
    for (int task = 0; task < phases() * tasksPerPhase(); task++) {
      run(task, workspace.scratch);
    }
  }

  /** Room for {@link #step}; belongs to one thread. */
  public static final class Workspace {
    private final Scratch scratch = new Scratch();
  }

  @Override
  public int vectorLength() {
    return parameters.capacity();
  }

  @Override
  public int tasksPerPhase() {
    return blocks.size();
  }

  @Override
  public int phases() {
    return clipping().byGlobalNorm() ? 2 : 1;
  }

  private Clipping clipping() {
    return optimizer.clipping();
  }

  @Override
  public void collect(Contribution[] gradientSums) {
    contributions = gradientSums;
    reduction.collect(gradientSums);
  }

  @Override
  public void replace(Contribution[] gradientSums) {
    contributions = gradientSums;
    reduction.replace(gradientSums);
  }

  @Override
  public void received(Contribution contribution, int floats, Scratch scratch) {
    reduction.received(contribution, floats, scratch);
  }

  @Override
  public double overlap() {
    return overlap;
  }

  @Override
  public void begin(long stepNumber, long round) {
    overlap = reduction.added();
    reduction.count();
    if (total().examples() <= 0) {
      throw new IllegalStateException("step " + stepNumber + " has no examples");
    }
    count = total().examples();
    step = stepNumber;
    learningRate = optimizer.learningRate().at(stepNumber);
    scale = Double.NaN;
  }

  @Override
  public StepSums total() {
    return reduction.total();
  }

  @Override
  public double learningRate() {
    return learningRate;
  }

  @Override
  public void run(int task, Scratch scratch) {
    int index = task % blocks.size();
    Block block = blocks.get(index);
    if (phases() == 1) {
      average(index, scratch);
      update(index, scratch);
    } else if (task < blocks.size()) {
      average(index, scratch);
      squares[index] =
          block.statistic() ? 0 : Clipping.sumOfSquares(scratch.sum, 0, block.length());
      contributions[0].vector().put(block.from(), scratch.sum, 0, block.length());
    } else {
      parameters.get(block.from(), scratch.parameters, 0, block.length());
      contributions[0].vector().get(block.from(), scratch.sum, 0, block.length());
      if (!block.statistic()) {
        Clipping.scale(scratch.sum, 0, block.length(), scale());
      }
      update(index, scratch);
    }
  }

  /** Leaves the block's parameters and its averaged, regularised gradient in {@code scratch}. */
  void average(int index, Scratch scratch) {
    Block block = blocks.get(index);
    int length = block.length();
    reduction.sum(index, scratch);
    float[] sum = scratch.sum;
    Block.divide(sum, count, length);
    parameters.get(block.from(), scratch.parameters, 0, length);
    if (!block.statistic()) {
      penalties.get(index).addGradient(scratch.parameters, sum, 0, length);
      if (clipping().byValue()) {
        clipping().clip(sum, 0, length);
      }
    }
  }

  /** Makes the optimizer's step with what {@link #average} left, and publishes the block. */
  void update(int index, Scratch scratch) {
    Block block = blocks.get(index);
    int length = block.length();
    if (block.statistic()) {
      for (int i = 0; i < length; i++) {
        scratch.parameters[i] -= scratch.sum[i];
      }
    } else {
      optimizer.update(
          scratch.parameters, scratch.sum, length, state.of(index), step + 1, (float) learningRate);
    }
    parameters.put(block.from(), scratch.parameters, 0, length);
  }

  @Override
  public void save(TrainingState saved) {
    parameters.get(0, saved.parameters());
    state.write(FloatBuffer.wrap(saved.optimizer()), 0);
  }

  @Override
  public void restore(TrainingState saved) {
    parameters.put(0, saved.parameters());
    state.read(FloatBuffer.wrap(saved.optimizer()), 0);
  }

  /** The factor that brings the gradient's norm within bounds; all threads find the same. */
  private float scale() {
    double factor = scale;
    if (Double.isNaN(factor)) {
      double sum = 0;
      for (double square : squares) {
        sum += square;
      }
      factor = clipping().factor(sum);
      scale = factor;
    }
    return (float) factor;
  }
}
