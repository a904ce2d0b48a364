package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;

/** The largest or the mean of each window of an image, channel by channel. */
public record Pooling2d(@JsonIgnore Statistic statistic, @JsonUnwrapped Window window)
    implements Layer {
  /** What is taken of each window. */
  public enum Statistic {
    /** Its largest number. */
    MAX,
    /** The mean of its numbers. */
    AVERAGE
  }

  static Pooling2d read(Statistic statistic, Section section) {
    Size size = Size.read(section, "poolSize", new Size(2, 2));
    return new Pooling2d(
        statistic,
        new Window(size, Size.read(section, "strides", size), Window.readPadding(section)));
  }

  @JsonProperty
  Size poolSize() {
    return window.size();
  }

  @Override
  public String kind() {
    return statistic == Statistic.MAX ? "max_pooling2d" : "average_pooling2d";
  }

  @Override
  public String description() {
    return window.description();
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    ActivationShape.Image image = Window.image(input);
    Size windows = window.over(image, "poolSize");
    return new ActivationShape.Image(windows.height(), windows.width(), image.channels());
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    SubsamplingLayer.Builder builder =
        new SubsamplingLayer.Builder(window.kernel(), window.stride());
    builder.convolutionMode(window.padding().dl4j());
    builder.poolingType(statistic == Statistic.MAX ? PoolingType.MAX : PoolingType.AVG);
    return Optional.of(builder.build());
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    throw Layer.noParameter(this, parameter);
  }
}
