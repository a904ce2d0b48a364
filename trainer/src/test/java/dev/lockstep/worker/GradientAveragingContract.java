package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.StepSums;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.RmsProp;

/** Mode {@code gradients}: the learning curve does not depend on the number of workers. */
abstract class GradientAveragingContract {
  /** The engine under test. */
  abstract EngineFactory engines();

  private static final String ADAM = "{name: adam, learningRate: 0.003}";
  private static final String RMSPROP = "{name: rmsprop, learningRate: 0.003}";

  private static TrainingPlan plan(int epochs, String optimizer) {
    return SmallProblem.plan(epochs, 23, SmallProblem.optimizer(optimizer), new Gradients());
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void manyWorkersWalkTheLearningCurveOfOne(int workers) {
    TrainingSet data = SmallProblem.data(300, 0, 0);
    Network network = SmallProblem.perceptron(0, 0);

    TrainingResult alone = SimulatedGang.train(plan(5, ADAM), network, data, engines(), 1);
    TrainingResult together = SimulatedGang.train(plan(5, ADAM), network, data, engines(), workers);

    for (int epoch = 0; epoch < 5; epoch++) {
      double expected = alone.history().epochs().get(epoch).trainingLoss();
      double tolerance = epoch == 0 ? 1e-4 : 1e-2;
      assertThat(together.history().epochs().get(epoch).trainingLoss())
          .isCloseTo(expected, within(expected * tolerance));
    }
  }

  @Test
  void dropoutDrawsTheSameForEveryNumberOfWorkers() {
    TrainingSet data = SmallProblem.data(300, 0, 0);
    Network network = SmallProblem.perceptron(0.4, 0);

    double alone = firstLoss(network, data, 1);
    for (int workers : new int[] {2, 4}) {
      assertThat(firstLoss(network, data, workers))
          .as("%d workers", workers)
          .isCloseTo(alone, within(alone * 1e-4));
    }
    assertThat(alone)
        .isNotCloseTo(firstLoss(SmallProblem.perceptron(0, 0), data, 1), within(alone * 1e-3));
  }

  private double firstLoss(Network network, TrainingSet data, int workers) {
    return SimulatedGang.train(plan(1, ADAM), network, data, engines(), workers)
        .history()
        .epochs()
        .get(0)
        .trainingLoss();
  }

  @Test
  void theSameNumberOfWorkersTwiceGivesTheSameBits() {
    TrainingSet data = SmallProblem.data(300, 50, 50);
    Network network = SmallProblem.perceptron(0.3, 1e-3);

    TrainingResult first = SimulatedGang.train(plan(3, RMSPROP), network, data, engines(), 3);
    TrainingResult second = SimulatedGang.train(plan(3, RMSPROP), network, data, engines(), 3);

    assertThat(second.parameters()).isEqualTo(first.parameters());
    assertThat(second.test()).isEqualTo(first.test());
  }

  @ParameterizedTest
  @CsvSource({
    "1, adam, 0.01",
    "2, adam, 0",
    "2, rmsprop, 0.01",
    "3, adam, 0",
    "3, adam, 0.01",
    "3, rmsprop, 0",
    "3, rmsprop, 0.01",
    "4, adam, 0.01",
    "4, rmsprop, 0"
  })
  void workersEqualOneMultiLayerNetworkOnTheSameBatches(int workers, String optimizer, double l2) {
    TrainingSet data = SmallProblem.data(23 * 10, 0, 0);
    Network network = SmallProblem.perceptron(0, l2);
    TrainingPlan plan = plan(5, "{name: " + optimizer + "}");

    TrainingResult gang = SimulatedGang.train(plan, network, data, engines(), workers);
    IUpdater updater =
        optimizer.equals("adam")
            ? Adam.builder().learningRate(0.001).epsilon(1e-7).build()
            : RmsProp.builder().learningRate(0.001).rmsDecay(0.9).epsilon(1e-7).build();
    float[] expected = fit(network, updater, data, plan);

    assertThat(gang.parameters()).containsExactly(expected, within(1e-5f));
  }

  /** 50 steps of DL4J's own fit. */
  private static float[] fit(
      Network network, IUpdater updater, TrainingSet data, TrainingPlan plan) {
    MultiLayerConfiguration configuration = network.dl4j();
    configuration
        .getConfs()
        .forEach(
            layer -> {
              if (layer.getLayer() instanceof BaseLayer base) {
                base.setIUpdater(updater);
                base.setBiasUpdater(null);
              }
            });
    MultiLayerNetwork model = new MultiLayerNetwork(configuration);
    model.init(Nd4j.createFromArray(network.initialParameters(plan.seed())).reshape(1, -1), true);
    model.getUpdater().getStateViewArray().assign(0);
    BatchOrder order =
        new BatchOrder(data.split().training(), plan.shards(), plan.batchSize(), plan.seed());
    WorkerOrder all = order.worker(0, 1);
    MicroBatch batch = new MicroBatch(plan.batchSize());
    for (int epoch = 0; epoch < plan.epochs(); epoch++) {
      for (int number = 0; number < order.batches(); number++) {
        all.microBatch(epoch, number, batch);
        INDArray features = Nd4j.zeros(batch.size(), SmallProblem.SHAPE.size());
        INDArray labels = Nd4j.zeros(batch.size(), SmallProblem.CLASSES);
        float[] row = new float[SmallProblem.SHAPE.size()];
        for (int i = 0; i < batch.size(); i++) {
          data.training().copy(batch.example(i), row, 0);
          features.putRow(i, Nd4j.createFromArray(row));
          labels.putScalar(i, data.training().label(batch.example(i)), 1);
        }
        model.fit(features, labels);
      }
    }
    return model.params().toFloatVector();
  }

  @Test
  void aWorkerThatDiesIsReplacedAndTheResultHasTheSameBits() {
    TrainingSet data = SmallProblem.data(300, 50, 50);
    Network network = SmallProblem.perceptron(0.3, 0);
    AtomicInteger deaths = new AtomicInteger();

    TrainingResult undisturbed = SimulatedGang.train(plan(4, ADAM), network, data, engines(), 3);
    TrainingResult disturbed =
        SimulatedGang.train(plan(4, ADAM), network, data, dyingOnceAt(20, deaths), 3);

    assertThat(deaths).hasValueGreaterThanOrEqualTo(1);
    assertThat(disturbed.parameters()).isEqualTo(undisturbed.parameters());
    assertThat(disturbed.test()).isEqualTo(undisturbed.test());
  }

  /** Engines of which the first to reach {@code step} fails, half its work done. */
  private EngineFactory dyingOnceAt(long step, AtomicInteger deaths) {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = engines().open(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long at, StepSums sums) {
          engine.gradient(batch, at, sums);
          if (at == step && deaths.compareAndSet(0, 1)) {
            throw new IllegalStateException("this worker dies at step " + at);
          }
        }

        @Override
        public void predict(Batch batch, FloatBuffer outputs) {
          engine.predict(batch, outputs);
        }

        @Override
        public void close() {
          engine.close();
        }
      };
    };
  }
}
