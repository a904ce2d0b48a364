package dev.lockstep.engine;

import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Lstm;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.SimpleRnn;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Our own forward and backward pass over OpenBLAS' matrix product, for networks that can be said in
 * our words and have no recurrent layer. It computes what a step needs and no more, and after the
 * first steps allocates nothing.
 *
 * <p>Between layers the examples of one feature lie side by side ({@link Tensor}): a dense layer
 * and a convolution are then the same product, {@code W X}, and the loops of every other layer run
 * over neighbours.
 */
public final class FusedEngine implements Engine {
  private final List<Stage> stages;
  private final Tensor output;
  private final OutputLoss loss;
  private final Pass pass;

  /**
   * See {@link EngineFactory#open}.
   *
   * @throws IllegalArgumentException if the network has a layer that is {@link #unsupported}
   */
  public FusedEngine(
      Network network, long seed, FloatBuffer parameters, FloatBuffer gradient, int capacity) {
    unsupported(network)
        .ifPresent(
            layer -> {
              throw new IllegalArgumentException(
                  "network '%s': %s cannot be fused".formatted(network.name(), layer));
            });
    NativeLibraries.load();
    this.stages = new StageBuilder(network, new Vectors(parameters, gradient), capacity).build();
    this.output = stages.get(stages.size() - 1).output();
    this.loss = new OutputLoss(network.loss(), network.outputs(), capacity);
    this.pass = new Pass(seed);
  }

  /**
   * The first layer of {@code network} that this engine does not know, by number and kind, such as
   * {@code layer 2 (lstm)}; none if it knows them all.
   */
  public static Optional<String> unsupported(Network network) {
    return network.layers().stream()
        .filter(layer -> !layer.definition().map(FusedEngine::knows).orElse(false))
        .findFirst()
        .map(FusedEngine::place);
  }

  private static boolean knows(Layer layer) {
    return !(layer instanceof Lstm || layer instanceof SimpleRnn);
  }

  private static String place(NetworkLayer layer) {
    String what = layer.definition().isPresent() ? "" : ", as its JSON sets it";
    return "layer %d (%s%s)".formatted(layer.number(), layer.kind(), what);
  }

  @Override
  public void gradient(Batch batch, long step, StepSums sums) {
    sums.clear();
    pass.train(batch, step);
    forward();
    loss.apply(output, pass, sums);
    for (int i = stages.size() - 1; i >= 0; i--) {
      stages.get(i).backward(pass);
    }
  }

  @Override
  public void predict(Batch batch, FloatBuffer outputs) {
    pass.predict(batch);
    forward();
    loss.copy(output, pass, outputs);
  }

  private void forward() {
    for (int i = 0; i < stages.size(); i++) {
      stages.get(i).forward(pass);
    }
  }

  /** The native memory belongs to buffers, which go with the engine. */
  @Override
  public void close() {}
}
