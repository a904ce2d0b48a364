package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;

/** A file can name any class, and none that is not DL4J's must be loaded for it. */
class Dl4jJsonTest {
  private static final Set<String> INITIALISED = ConcurrentHashMap.newKeySet();

  /** Three of them, for a class is initialised but once. */
  static final class UnderClass {
    static {
      INITIALISED.add("UnderClass");
    }
  }

  static final class UnderType {
    static {
      INITIALISED.add("UnderType");
    }
  }

  static final class InList {
    static {
      INITIALISED.add("InList");
    }
  }

  private static final String VALID =
      new NeuralNetConfiguration.Builder()
          .list()
          .layer(
              new OutputLayer.Builder()
                  .nIn(4)
                  .nOut(2)
                  .activation(Activation.SOFTMAX)
                  .weightInit(new NormalDistribution(0, 0.1))
                  .build())
          .build()
          .toJson();

  private static final String OUTPUT_LAYER =
      "\"@class\" : \"org.deeplearning4j.nn.conf.layers.OutputLayer\"";
  private static final String DISTRIBUTION =
      "\"type\" : \"org.deeplearning4j.nn.conf.distribution.NormalDistribution\"";

  private static void read(String json) {
    Network.fromDl4j("given", json, Shape.vector(4), 2);
  }

  static Stream<Arguments> foreign() {
    String underClass = UnderClass.class.getName();
    String underType = UnderType.class.getName();
    String inList = InList.class.getName();
    return Stream.of(
        Arguments.of(
            "UnderClass",
            VALID.replace(OUTPUT_LAYER, "\"@class\" : \"%s\"".formatted(underClass)),
            "@class is \"" + underClass + '"'),
        Arguments.of(
            "UnderType",
            VALID.replace(DISTRIBUTION, "\"type\" : \"%s\"".formatted(underType)),
            "type is \"" + underType + '"'),
        Arguments.of(
            "InList",
            VALID.replace("\"layer\" : {", "\"layer\" : [\"%s\", {}], \"x\" : {".formatted(inList)),
            "layer is \"" + inList + '"'));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("foreign")
  void aClassThatIsNotDl4jsIsRefusedAndNotLoaded(String marker, String json, String found) {
    assertThat(json).isNotEqualTo(VALID);

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> read(json))
        .withMessage(
            "network 'given': %s but must be a class of DL4J's: org.deeplearning4j.nn.* or org.nd4j.linalg.*"
                .formatted(found));
    assertThat(INITIALISED).doesNotContain(marker);
  }

  @Test
  void typeArgumentsLoadNothingEither() {
    String typed =
        VALID.replace(
            OUTPUT_LAYER,
            OUTPUT_LAYER.replace("OutputLayer", "OutputLayer<" + InList.class.getName() + ">"));

    assertThatExceptionOfType(ConfigurationException.class).isThrownBy(() -> read(typed));
    assertThat(INITIALISED).doesNotContain("InList");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"confs": [], "confs": []}  | not valid JSON at line 1, column 22: Duplicate field 'confs'
          {"confs": []} {}            | not valid JSON at line 1, column
          {"confs": }                 | not valid JSON at line 1, column 12: Unexpected character
          {"confs": []}               | it must be what MultiLayerConfiguration.toJson() writes, with its layers in 'confs'
          {"layers": []}              | it must be what MultiLayerConfiguration.toJson() writes, with its layers in 'confs'
          {"vertices": {}}            | it is a ComputationGraphConfiguration but must be a MultiLayerConfiguration
          {"confs": [{"layers": 1}]}  | layer 1 has no 'layer'
          {"confs": [{"layer": 1}]}   | DL4J cannot read this configuration:
          """)
  void whatIsNoConfigurationIsRefused(String json, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> read(json))
        .withMessageStartingWith("network 'given': " + message);
  }

  @Test
  void whatDl4jWritesIsRead() {
    assertThat(Network.fromDl4j("given", VALID, Shape.vector(4), 2).layout().length())
        .isEqualTo(4 * 2 + 2);
  }
}
