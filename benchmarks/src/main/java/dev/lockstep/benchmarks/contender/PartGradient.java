package dev.lockstep.benchmarks.contender;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.spark.gang.Training;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.broadcast.Broadcast;

/**
 * What a task of {@link SparkJobPerStep} computes. What it needs beside the parameters is made once
 * in each executor and kept.
 *
 * @param name of the configuration
 * @param yaml the configuration
 * @param workers tasks of each job
 * @param step of the first epoch, from 0
 */
record PartGradient(String name, String yaml, int workers, int step, Broadcast<float[]> parameters)
    implements Serializable {
  private static final Map<String, Place> PLACES = new ConcurrentHashMap<>();

  /** What the worker of one rank computes with. */
  private static final class Place {
    private final Training training;
    private final WorkerOrder order;
    private final FloatBuffer parameters;
    private final FloatBuffer gradient;
    private final MicroBatch part;
    private final Batch batch;
    private final Engine engine;

    Place(Training training, int rank, int workers) {
      this.training = training;
      BatchOrder all =
          new BatchOrder(
              training.data().split().training(),
              training.plan().shards(),
              training.plan().batchSize(),
              training.plan().seed());
      this.order = all.worker(rank, workers);
      this.parameters = FloatVector.of(training.initialParameters());
      this.gradient = FloatVector.allocate(parameters.capacity());
      this.part = new MicroBatch(order.capacity());
      this.batch = new Batch(training.network().input(), order.capacity());
      this.engine =
          training
              .engines()
              .open(
                  training.network(),
                  training.plan().seed(),
                  parameters,
                  gradient,
                  order.capacity());
    }

    synchronized float[] gradient(float[] published, int step) {
      parameters.put(0, published);
      order.microBatch(0, step, part);
      batch.fill(training.data().training(), part);
      engine.gradient(batch, step, new StepSums());
      return FloatVector.copy(gradient);
    }
  }

  /** The sum of the gradients of the examples of {@code rank} in this step's batch. */
  float[] of(int rank) {
    return PLACES
        .computeIfAbsent("%d of %d in %s".formatted(rank, workers, yaml), key -> place(rank))
        .gradient(parameters.value(), step);
  }

  private Place place(int rank) {
    NativeLibraries.load();
    return new Place(
        Training.of(Configuration.read(name + ".yaml", yaml, List.of())), rank, workers);
  }
}
