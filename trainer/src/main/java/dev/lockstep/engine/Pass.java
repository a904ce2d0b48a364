package dev.lockstep.engine;

import org.bytedeco.javacpp.FloatPointer;

/** One way through the fused engine's stages, forward and perhaps back: its batch, and what for. */
final class Pass {
  private final StepDraws draws;
  private Batch batch;
  private FloatPointer features;
  private boolean training;

  Pass(long seed) {
    this.draws = new StepDraws(seed);
  }

  void train(Batch examples, long step) {
    open(examples);
    draws.open(step);
    training = true;
  }

  void predict(Batch examples) {
    open(examples);
    training = false;
  }

  private void open(Batch examples) {
    if (batch != examples) {
      features = new FloatPointer(examples.features());
      batch = examples;
    }
  }

  Batch batch() {
    return batch;
  }

  /** How many examples there are. */
  int examples() {
    return batch.size();
  }

  /** The batch's numbers, example by example. */
  FloatPointer features() {
    return features;
  }

  /** Whether dropout drops and batch normalisation looks at the batch. */
  boolean training() {
    return training;
  }

  StepDraws draws() {
    return draws;
  }
}
