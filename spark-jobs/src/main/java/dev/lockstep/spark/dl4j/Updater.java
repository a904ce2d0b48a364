package dev.lockstep.spark.dl4j;

import dev.lockstep.network.Network;
import dev.lockstep.network.Segment;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.optimizer.Sgd;
import dev.lockstep.yaml.ConfigurationException;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The updater of a DL4J network as an optimizer. Of each block of parameters with one updater DL4J
 * keeps the slots one after the other; here a slot is one vector over all parameters.
 *
 * @param optimizer makes the same steps
 * @param model whose updater it is
 */
record Updater(Optimizer optimizer, MultiLayerNetwork model) {
  private static final String RULE =
      "the training master knows Sgd, Nesterovs, RmsProp and Adam with constant settings, one for all parameters";

  /**
   * The updater of {@code model}.
   *
   * @param network the same network
   * @throws ConfigurationException if it is none that the training master knows
   */
  static Updater of(MultiLayerNetwork model, Network network) {
    IUpdater found = null;
    for (Segment segment : network.layout().segments()) {
      if (!segment.statistic()) {
        IUpdater updater =
            model.getLayer(segment.layer()).conf().getLayer().getUpdaterByParam(segment.name());
        if (found != null && !found.equals(updater)) {
          throw new ConfigurationException(
              "'%s' of layer %d (from 0) has the updater %s but others have %s; %s"
                  .formatted(segment.name(), segment.layer(), updater, found, RULE));
        }
        found = updater;
      }
    }
    return new Updater(optimizer(found), model);
  }

  private static Optimizer optimizer(IUpdater updater) {
    if (updater instanceof org.nd4j.linalg.learning.config.Sgd sgd) {
      return new Sgd(
          rate(updater, sgd.getLearningRateSchedule(), sgd.getLearningRate()),
          Clipping.NONE,
          0,
          false);
    }
    if (updater instanceof Nesterovs nesterovs && nesterovs.getMomentumISchedule() == null) {
      return new Sgd(
          rate(updater, nesterovs.getLearningRateSchedule(), nesterovs.getLearningRate()),
          Clipping.NONE,
          nesterovs.getMomentum(),
          nesterovs.getMomentum() != 0);
    }
    if (updater instanceof org.nd4j.linalg.learning.config.RmsProp rmsProp) {
      return new RmsProp(
          rate(updater, rmsProp.getLearningRateSchedule(), rmsProp.getLearningRate()),
          Clipping.NONE,
          rmsProp.getRmsDecay(),
          0,
          rmsProp.getEpsilon(),
          false);
    }
    if (updater instanceof org.nd4j.linalg.learning.config.Adam adam) {
      return new Adam(
          rate(updater, adam.getLearningRateSchedule(), adam.getLearningRate()),
          Clipping.NONE,
          adam.getBeta1(),
          adam.getBeta2(),
          adam.getEpsilon());
    }
    throw new ConfigurationException("the network's updater is %s; %s".formatted(updater, RULE));
  }

  private static LearningRate rate(IUpdater updater, ISchedule schedule, double constant) {
    if (schedule instanceof FixedSchedule fixed) {
      return new LearningRate.Constant(fixed.getValue());
    }
    if (schedule != null) {
      throw new ConfigurationException("the network's updater is %s; %s".formatted(updater, RULE));
    }
    return new LearningRate.Constant(constant);
  }

  /** The slots that the model's updater has now, written to {@code slots}, vector after vector. */
  void save(float[] slots) {
    if (slots.length > 0) {
      float[] view = numbers(updater().getStateViewArray());
      forEachSlot((from, place, length) -> System.arraycopy(view, from, slots, place, length));
    }
  }

  /** Gives the model's updater these {@code slots}. */
  void restore(float[] slots) {
    INDArray state = updater().getStateViewArray();
    if (slots.length > 0) {
      float[] view = numbers(state);
      forEachSlot((from, place, length) -> System.arraycopy(slots, place, view, from, length));
      state.assign(Nd4j.createFromArray(view).reshape(state.shape()));
    }
  }

  @FunctionalInterface
  private interface Slot {
    /** A slot of a block: where it is in DL4J's view, where in ours, and how long. */
    void accept(int from, int place, int length);
  }

  private void forEachSlot(Slot each) {
    int parameters = Math.toIntExact(model.numParams());
    List<UpdaterBlock> blocks = updater().getUpdaterBlocks();
    for (UpdaterBlock block : blocks) {
      int length = block.getParamOffsetEnd() - block.getParamOffsetStart();
      int slots = (block.getUpdaterViewOffsetEnd() - block.getUpdaterViewOffsetStart()) / length;
      for (int slot = 0; slot < slots; slot++) {
        each.accept(
            block.getUpdaterViewOffsetStart() + slot * length,
            slot * parameters + block.getParamOffsetStart(),
            length);
      }
    }
  }

  private BaseMultiLayerUpdater<?> updater() {
    return (BaseMultiLayerUpdater<?>) model.getUpdater();
  }

  private static float[] numbers(INDArray array) {
    float[] numbers = new float[Math.toIntExact(array.length())];
    array.dup('c').data().asNioFloat().get(numbers);
    return numbers;
  }
}
