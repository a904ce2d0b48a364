package dev.lockstep.engine;

import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * DL4J's dropout with draws by counter in place of ND4J's generator. Lives in the engine's own copy
 * of a configuration and is never written to a file.
 */
final class CounterDropout implements IDropout {
  private static final long serialVersionUID = 1L;

  private final transient StepDraws draws;
  private final transient Batch[] current;
  private final int layer;
  private final double rate;
  private transient INDArray factors;

  /**
   * Dropout in front of {@code layer}.
   *
   * @param current holds, in its only place, the batch under way
   * @param rate fraction dropped
   */
  CounterDropout(StepDraws draws, Batch[] current, int layer, double rate) {
    this.draws = draws;
    this.current = current;
    this.layer = layer;
    this.rate = rate;
  }

  /**
   * Puts it in the place of every dropout of {@code configuration}.
   *
   * @param current holds, in its only place, the batch under way
   */
  static void putInto(MultiLayerConfiguration configuration, StepDraws draws, Batch[] current) {
    for (int i = 0; i < configuration.getConfs().size(); i++) {
      Layer layer = configuration.getConf(i).getLayer();
      while (layer instanceof BaseWrapperLayer wrapper) {
        putInto(layer, draws, current, i);
        layer = wrapper.getUnderlying();
      }
      putInto(layer, draws, current, i);
    }
  }

  private static void putInto(Layer layer, StepDraws draws, Batch[] current, int number) {
    if (layer.getIDropout() instanceof Dropout dropout) {
      layer.setIDropout(new CounterDropout(draws, current, number, 1 - dropout.getP()));
    }
  }

  @Override
  public INDArray applyDropout(
      INDArray input, INDArray result, int iteration, int epoch, LayerWorkspaceMgr workspaces) {
    int examples = current[0].size();
    int elements = (int) (input.length() / examples);
    float[] drawn = new float[examples * elements];
    DropoutFactors ofBatch = new DropoutFactors(layer, rate, drawn.length);
    ofBatch.open(draws, current[0]);
    ofBatch.write(0, drawn, drawn.length);
    INDArray byExample =
        Nd4j.createFromArray(drawn).reshape('c', elements, examples).transpose().dup('c');
    factors = workspaces.createUninitialized(ArrayType.INPUT, DataType.FLOAT, input.shape(), 'c');
    factors.assign(byExample.reshape('c', input.shape()));
    return input.muli(factors, result);
  }

  @Override
  public INDArray backprop(
      INDArray gradientAtOutput, INDArray gradientAtInput, int iteration, int epoch) {
    return gradientAtOutput.muli(factors, gradientAtInput);
  }

  @Override
  public void clear() {
    factors = null;
  }

  @Override
  @SuppressWarnings("MissingSuperCall")
  public CounterDropout clone() {
    return new CounterDropout(draws, current, layer, rate);
  }
}
