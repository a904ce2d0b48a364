package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;

/**
 * The optimizers beside ND4J's updaters, which compute the same by other means. ND4J has no updater
 * for classical momentum; {@link OptimizerTest} has its steps worked out by hand.
 */
class Nd4jUpdaterTest {
  private static final int PARAMETERS = 37;
  private static final int STEPS = 50;
  private static final LearningRate RATE = new LearningRate.Constant(0.01);

  @Test
  void sgdIsSgdUpdater() {
    bothWalkTheSameWay(
        new Sgd(RATE, Clipping.NONE, 0, false), new org.nd4j.linalg.learning.config.Sgd(0.01));
  }

  @Test
  void nesterovIsNesterovsUpdater() {
    bothWalkTheSameWay(new Sgd(RATE, Clipping.NONE, 0.9, true), new Nesterovs(0.01, 0.9));
  }

  @Test
  void rmsPropIsRmsPropUpdaterOnceItsStateStartsAtZero() {
    bothWalkTheSameWay(
        new RmsProp(RATE, Clipping.NONE, 0.9, 0, 1e-7, false),
        new org.nd4j.linalg.learning.config.RmsProp(0.01, 0.9, 1e-7));
  }

  @Test
  void adamIsAdamUpdater() {
    bothWalkTheSameWay(
        new Adam(RATE, Clipping.NONE, 0.9, 0.999, 1e-7),
        new org.nd4j.linalg.learning.config.Adam(0.01, 0.9, 0.999, 1e-7));
  }

  /** ND4J has AdamW in two parts: its updater, and a decay that DL4J adds to the update. */
  @Test
  void adamWIsAdamUpdaterWithWeightDecayByTheLearningRate() {
    bothWalkTheSameWay(
        new AdamW(new Adam(RATE, Clipping.NONE, 0.9, 0.999, 1e-7), 0.004),
        new org.nd4j.linalg.learning.config.Adam(0.01, 0.9, 0.999, 1e-7),
        Optional.of(new WeightDecay(0.004, true)));
  }

  private static void bothWalkTheSameWay(Optimizer optimizer, IUpdater reference) {
    bothWalkTheSameWay(optimizer, reference, Optional.empty());
  }

  private static void bothWalkTheSameWay(
      Optimizer optimizer, IUpdater reference, Optional<Regularization> decay) {
    CounterRandom random = new CounterRandom(7);
    float[] parameters = draw(random);
    float[][] state = new float[optimizer.slots().size()][PARAMETERS];
    INDArray expected = Nd4j.createFromArray(parameters).reshape(1, PARAMETERS);
    GradientUpdater<?> updater = updater(reference);
    for (int step = 1; step <= STEPS; step++) {
      float[] gradient = draw(random);
      INDArray update = Nd4j.createFromArray(gradient).reshape(1, PARAMETERS);
      updater.applyUpdater(update, step - 1, 0);
      int iteration = step - 1;
      decay.ifPresent(term -> term.apply(expected, update, 0.01, iteration, 0));
      expected.subi(update);
      optimizer.update(parameters, gradient, PARAMETERS, state, step, 0.01f);
    }
    assertThat(parameters).containsExactly(expected.toFloatVector(), within(1e-6f));
  }

  private static GradientUpdater<?> updater(IUpdater reference) {
    long size = reference.stateSize(PARAMETERS);
    if (size == 0) {
      return reference.instantiate((INDArray) null, false);
    }
    INDArray state = Nd4j.create(DataType.FLOAT, 1, size);
    GradientUpdater<?> updater = reference.instantiate(state, true);
    state.assign(0);
    return updater;
  }

  private static float[] draw(CounterRandom random) {
    float[] drawn = new float[PARAMETERS];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = (float) random.nextGaussian();
    }
    return drawn;
  }
}
