package dev.lockstep.worker;

import dev.lockstep.data.Examples;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.function.BiConsumer;

/**
 * Predicts a batch of examples at a time, into memory that is allocated once. Belongs to one
 * thread.
 */
public final class BatchPredictor {
  /** The most examples of one batch. */
  public static final int BATCH = 256;

  private final BiConsumer<Batch, FloatBuffer> predict;
  private final Batch batch;
  private final FloatBuffer outputs;
  private final float[] rows;
  private final int units;

  /**
   * A predictor of {@code network}.
   *
   * @param predict computes the activations of the last layer, as {@link
   *     dev.lockstep.engine.Engine#predict}, for batches of up to {@link #BATCH}
   */
  public BatchPredictor(Network network, BiConsumer<Batch, FloatBuffer> predict) {
    this.predict = predict;
    this.units = network.outputs();
    this.batch = new Batch(network.input(), BATCH);
    this.outputs = FloatVector.allocate(BATCH * units);
    this.rows = new float[BATCH * units];
  }

  /**
   * The activations of the last layer, {@link Network#outputs} numbers an example; overwritten by
   * the next call.
   *
   * @param indices into {@code examples}; those at the places {@code from} to {@code to - 1} are
   *     predicted, at most {@link #BATCH}
   */
  public float[] predict(Examples examples, int[] indices, int from, int to) {
    batch.fill(examples, indices, from, to);
    predict.accept(batch, outputs);
    outputs.get(0, rows, 0, batch.size() * units);
    return rows;
  }

  /** The examples that were predicted last. */
  Batch batch() {
    return batch;
  }
}
