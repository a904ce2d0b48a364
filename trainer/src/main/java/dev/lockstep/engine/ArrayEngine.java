package dev.lockstep.engine;

import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.Network;
import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * DL4J's {@code MultiLayerNetwork} on {@link ExampleArrays}, of any shape that it takes and with
 * any loss that it has. The only number of an example in a batch is that of its row in the arrays.
 * The loss of a batch is DL4J's score, with the whole of L1 and L2. It does not predict. Dropout
 * draws by counter ({@link StepDraws}).
 */
public final class ArrayEngine implements Engine {
  private final ExampleArrays examples;
  private final MultiLayerNetwork model;
  private final List<Segment> statistics;
  private final FloatBuffer gradient;
  private final StepDraws draws;
  private final Batch[] current = new Batch[1];

  private ArrayEngine(
      ExampleArrays examples,
      Network network,
      long seed,
      FloatBuffer parameters,
      FloatBuffer gradient) {
    NativeLibraries.load();
    this.examples = examples;
    this.gradient = gradient;
    this.draws = new StepDraws(seed);
    this.statistics = network.layout().segments().stream().filter(Segment::statistic).toList();
    MultiLayerConfiguration configuration = network.dl4j();
    CounterDropout.putInto(configuration, draws, current);
    this.model = new MultiLayerNetwork(configuration);
    this.model.init(Dl4jEngine.array(parameters, 1, parameters.capacity()), false);
    this.model.initGradientsView();
    this.model.setBackpropGradientsViewArray(Dl4jEngine.array(gradient, 1, gradient.capacity()));
  }

  /** Opens engines that all work on {@code examples}; for {@link Network#ofArrays}. */
  public static EngineFactory on(ExampleArrays examples) {
    return (network, seed, parameters, gradient, capacity) ->
        new ArrayEngine(examples, network, seed, parameters, gradient);
  }

  @Override
  public void gradient(Batch batch, long step, StepSums sums) {
    current[0] = batch;
    draws.open(step);
    int rows = batch.size();
    int[] chosen = new int[rows];
    for (int i = 0; i < rows; i++) {
      chosen[i] = (int) batch.features().get(i);
    }
    model.setInput(examples.features(chosen));
    model.setLabels(examples.labels(chosen));
    model.computeGradientAndScore();
    sums.set(model.score() * rows, 0, rows);
    model.clear();
    for (Segment statistic : statistics) {
      Dl4jEngine.multiply(gradient, statistic, rows);
    }
  }

  @Override
  public void predict(Batch batch, FloatBuffer outputs) {
    throw new UnsupportedOperationException("an engine on arrays learns, and does not predict");
  }

  @Override
  public void close() {
    Dl4jEngine.releaseMemory();
  }
}
