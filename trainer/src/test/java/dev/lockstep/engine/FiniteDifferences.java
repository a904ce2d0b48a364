package dev.lockstep.engine;

/**
 * What the fused engine makes of four examples, beside the loss from the definitions in double
 * precision, whose gradient is found by differences.
 */
final class FiniteDifferences {
  private static final double DIFFERENCE = 1e-6;
  private static final int SIZE = 4;
  private static final long STEP = 9;

  private final float[] gradient;
  private final double loss;
  private final double[] parameters;
  private final DoubleNetwork network;

  private FiniteDifferences(
      float[] gradient, double loss, double[] parameters, DoubleNetwork network) {
    this.gradient = gradient;
    this.loss = loss;
    this.parameters = parameters;
    this.network = network;
  }

  static FiniteDifferences of(Problem problem) {
    Batch batch = problem.batch(SIZE, SIZE);
    StepSums sums = new StepSums();
    float[] gradient = problem.gradient(FusedEngine::new, batch, STEP, sums);
    double[] parameters = new double[gradient.length];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = problem.parameters().get(i);
    }
    StepDraws draws = new StepDraws(Problem.SEED);
    draws.open(STEP);
    DoubleNetwork network =
        new DoubleNetwork(
            problem.network(), parameters, batch, key -> draws.key(key / 1000, key % 1000));
    return new FiniteDifferences(gradient, sums.loss(), parameters, network);
  }

  /** The fused engine's. */
  float[] gradient() {
    return gradient;
  }

  /** The fused engine's. */
  double loss() {
    return loss;
  }

  double expectedLoss() {
    return network.loss();
  }

  /** What number {@code i} of the gradient should be. */
  double at(int i) {
    double before = parameters[i];
    parameters[i] = before + DIFFERENCE;
    double above = network.loss();
    parameters[i] = before - DIFFERENCE;
    double below = network.loss();
    parameters[i] = before;
    return (above - below) / (2 * DIFFERENCE);
  }
}
