package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.engine.StepSums;
import dev.lockstep.network.ParameterLayout;
import dev.lockstep.optimizer.Optimizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The mean of the workers' parameters and optimizer states, weighted by the examples each learned
 * from in the round (McMahan et al., "Communication-efficient learning of deep networks from
 * decentralized data", 2017). With an outer optimizer, what the parameters lost in the round is a
 * gradient to it. Vectors are the parameters followed by the optimizer's state slots.
 */
final class ParameterAverage implements Round {
  private final List<Block> blocks;
  private final FloatBuffer published;
  private final Optimizer inner;
  private final Optional<Optimizer> outer;
  private final Optional<BlockState> outerState;

  private final StepSums total = new StepSums();
  private Contribution[] contributions;
  private final float[] weights;
  private long round;
  private double learningRate;

  /** Averages into {@code published}, which is {@link #vectorLength} long. */
  ParameterAverage(
      ParameterLayout layout,
      Optimizer inner,
      Optional<Optimizer> outer,
      int workers,
      FloatBuffer published) {
    this.inner = inner;
    this.outer = outer;
    this.published = published;
    this.weights = new float[workers];
    this.blocks = new ArrayList<>(Block.of(layout));
    Block.cut(layout.length(), published.capacity() - layout.length(), null, blocks);
    List<Block> parameterBlocks = Block.of(layout);
    this.outerState = outer.map(optimizer -> new BlockState(parameterBlocks, optimizer));
  }

  /** How long the vectors are for {@code layout} and {@code inner}. */
  static int vectorLength(ParameterLayout layout, Optimizer inner) {
    return Math.multiplyExact(layout.length(), 1 + inner.slots().size());
  }

  @Override
  public int vectorLength() {
    return published.capacity();
  }

  @Override
  public int tasksPerPhase() {
    return blocks.size();
  }

  @Override
  public int phases() {
    return 1;
  }

  @Override
  public void collect(Contribution[] vectors) {
    contributions = vectors;
  }

  @Override
  public void replace(Contribution[] vectors) {
    contributions = vectors;
  }

  @Override
  public double overlap() {
    return 0;
  }

  /** The weights are not known before all have come. */
  @Override
  public void received(Contribution contribution, int floats, Scratch scratch) {}

  @Override
  public void begin(long step, long roundNumber) {
    total.clear();
    for (Contribution each : contributions) {
      total.add(each.sums());
    }
    if (total.examples() <= 0) {
      throw new IllegalStateException("the round from local step " + step + " has no examples");
    }
    for (int rank = 0; rank < weights.length; rank++) {
      weights[rank] = (float) ((double) contributions[rank].sums().examples() / total.examples());
    }
    learningRate = inner.learningRate().at(step);
    round = roundNumber;
  }

  @Override
  public StepSums total() {
    return total;
  }

  @Override
  public double learningRate() {
    return learningRate;
  }

  @Override
  public void run(int task, Scratch scratch) {
    Block block = blocks.get(task);
    mean(block, scratch);
    if (outer.isPresent() && block.segment() != null && !block.statistic()) {
      stepOutwards(outer.get(), outerState.orElseThrow().of(task), block, scratch);
    }
    published.put(block.from(), scratch.sum, 0, block.length());
  }

  @Override
  public void save(TrainingState saved) {
    published.get(0, saved.parameters());
    published.get(saved.parameters().length, saved.optimizer());
    outerState.ifPresent(state -> state.write(FloatBuffer.wrap(saved.outer()), 0));
  }

  @Override
  public void restore(TrainingState saved) {
    published.put(0, saved.parameters());
    published.put(saved.parameters().length, saved.optimizer());
    outerState.ifPresent(state -> state.read(FloatBuffer.wrap(saved.outer()), 0));
  }

  private void mean(Block block, Scratch scratch) {
    int length = block.length();
    float[] sum = scratch.sum;
    float[] term = scratch.term;
    Arrays.fill(sum, 0, length, 0f);
    for (int rank = 0; rank < weights.length; rank++) {
      float weight = weights[rank];
      if (weight > 0) {
        contributions[rank].vector().get(block.from(), term, 0, length);
        for (int i = 0; i < length; i++) {
          sum[i] += weight * term[i];
        }
      }
    }
  }

  private void stepOutwards(Optimizer optimizer, float[][] state, Block block, Scratch scratch) {
    int length = block.length();
    float[] before = scratch.parameters;
    published.get(block.from(), before, 0, length);
    for (int i = 0; i < length; i++) {
      scratch.term[i] = before[i] - scratch.sum[i];
    }
    optimizer.update(
        before, scratch.term, length, state, round + 1, (float) optimizer.learningRate().at(round));
    System.arraycopy(before, 0, scratch.sum, 0, length);
  }
}
