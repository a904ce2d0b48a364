package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.GaussianDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossHinge;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** DL4J's networks for images of 4 x 6 in two classes: what trains here, and what is refused. */
class Dl4jReaderTest {
  private static final Shape INPUT = new Shape(4, 6, 1);
  private static final Layer OUTPUT = output(new LossMCXENT(), Activation.SOFTMAX, 3, 2);

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder();
  }

  private static DenseLayer.Builder dense() {
    return new DenseLayer.Builder().nIn(24).nOut(3).activation(Activation.TANH);
  }

  private static Layer output(ILossFunction loss, Activation activation, int inputs, int units) {
    return new OutputLayer.Builder(loss).nIn(inputs).nOut(units).activation(activation).build();
  }

  private static String json(NeuralNetConfiguration.Builder builder, Layer... layers) {
    return builder.list(layers).validateOutputLayerConfig(false).build().toJson();
  }

  private static String first(Layer layer) {
    return json(builder(), layer, OUTPUT);
  }

  private static String last(Layer layer) {
    return json(builder(), dense().build(), layer);
  }

  private static String all(Consumer<NeuralNetConfiguration.Builder> setting) {
    NeuralNetConfiguration.Builder builder = builder();
    setting.accept(builder);
    return json(builder, dense().build(), OUTPUT);
  }

  private static String recurrent(UnaryOperator<LSTM.Builder> setting) {
    Layer lstm = setting.apply(new LSTM.Builder().nIn(6).nOut(3)).build();
    return first(new LastTimeStep(new Bidirectional(Bidirectional.Mode.ADD, lstm)));
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(
            first(new FrozenLayer(dense().build())),
            "layer 1 (FrozenLayer): every layer is trained here; take the frozen wrapper away"),
        Arguments.of(
            first(new FrozenLayerWithBackprop(dense().build())),
            "layer 1 (FrozenLayerWithBackprop): every layer is trained here; take the frozen"
                + " wrapper away"),
        Arguments.of(
            first(dense().constrainWeights(new MaxNormConstraint(1, 1)).build()),
            "layer 1 (DenseLayer): constraints are not applied here; take them away"),
        Arguments.of(
            first(new AutoEncoder.Builder().nIn(24).nOut(3).build()),
            "layer 1 (AutoEncoder): layers for pretraining are not trained here"),
        Arguments.of(
            first(dense().dropOut(new GaussianDropout(0.5)).build()),
            "layer 1 (DenseLayer): GaussianDropout draws random numbers that another worker could"
                + " not repeat; use Dropout"),
        Arguments.of(
            first(
                dense()
                    .dropOut(new Dropout(new StepSchedule(ScheduleType.EPOCH, 0.5, 0.5, 1)))
                    .build()),
            "layer 1 (DenseLayer): Dropout with a schedule is not known here; give p as a number"),
        Arguments.of(
            recurrent(lstm -> lstm.dropOut(0.5)),
            "layer 1 (Bidirectional): dropout inside it is not known here; put a DropoutLayer in"
                + " front of it"),
        Arguments.of(
            first(dense().weightNoise(new DropConnect(0.5)).build()),
            "layer 1 (DenseLayer): DropConnect draws random numbers that another worker could not"
                + " repeat; take weightNoise away"),
        Arguments.of(
            first(dense().activation(Activation.RRELU).build()),
            "layer 1 (DenseLayer): RReLU draws random numbers that another worker could not repeat;"
                + " use LReLU"),
        Arguments.of(
            first(dense().gradientNormalization(GradientNormalization.ClipL2PerLayer).build()),
            "layer 1 (DenseLayer): gradientNormalization is ClipL2PerLayer but must be None; clip"
                + " with the training's optimizer"),
        Arguments.of(
            all(builder -> {})
                .replace("\"backpropType\" : \"Standard\"", "\"backpropType\" : \"TruncatedBPTT\""),
            "backpropType is TruncatedBPTT but must be Standard"),
        Arguments.of(
            all(builder -> builder.dataType(DataType.DOUBLE)),
            "dataType is DOUBLE but must be FLOAT"),
        Arguments.of(
            all(builder -> builder.optimizationAlgo(OptimizationAlgorithm.CONJUGATE_GRADIENT)),
            "optimizationAlgo is CONJUGATE_GRADIENT but must be STOCHASTIC_GRADIENT_DESCENT"),
        Arguments.of(
            all(builder -> builder.minimize(false)),
            "minimize is false but must be true: training goes down the loss"),
        Arguments.of(
            first(dense().nIn(25).build()),
            "layer 1 (DenseLayer): nin is 25 but the data, 4 x 6, has 24 numbers"),
        Arguments.of(
            last(output(new LossMCXENT(), Activation.SOFTMAX, 3, 5)),
            "layer 2 (OutputLayer): nout is 5 but the data has 2 classes"),
        Arguments.of(
            last(new LossLayer.Builder(new LossMCXENT()).activation(Activation.SOFTMAX).build()),
            "layer 2 (LossLayer): the last layer must be an OutputLayer"),
        Arguments.of(
            last(output(new LossMCXENT(), Activation.SIGMOID, 3, 2)),
            "layer 2 (OutputLayer): activation sigmoid cannot go with loss LossMCXENT; use softmax"),
        Arguments.of(
            last(output(new LossBinaryXENT(), Activation.SOFTMAX, 3, 2)),
            "layer 2 (OutputLayer): activation softmax cannot go with loss LossBinaryXENT; use"
                + " sigmoid"),
        Arguments.of(
            last(output(new LossBinaryXENT(), Activation.SIGMOID, 3, 2)),
            "layer 2 (OutputLayer): LossBinaryXENT sums over the 2 units, but binary_crossentropy"
                + " is their mean; give it weights of 1/2 each"),
        Arguments.of(
            last(output(new LossHinge(), Activation.IDENTITY, 3, 2)), unknownLoss("LossHinge")),
        Arguments.of(
            last(output(new LossSparseMCXENT(), Activation.SOFTMAX, 3, 2)),
            unknownLoss("LossSparseMCXENT")),
        Arguments.of(
            last(output(new LossMCXENT(Nd4j.createFromArray(1f, 2f)), Activation.SOFTMAX, 3, 2)),
            unknownLoss("LossMCXENT")),
        Arguments.of(
            builder()
                .list(new ConvolutionLayer.Builder(3, 3).nOut(3).build(), OUTPUT)
                .setInputType(InputType.convolutionalFlat(6, 4, 1))
                .build()
                .toJson(),
            "its input is 6 x 4 x 1 but the data is 4 x 6 x 1"),
        Arguments.of(
            all(builder -> {}).replace("\"nin\" : 3", "\"nin\" : 7"),
            "DL4J cannot run it on examples of 4 x 6: "));
  }

  private static String unknownLoss(String name) {
    return "layer 2 (OutputLayer): loss "
        + name
        + " is not known here; use LossMCXENT, LossNegativeLogLikelihood or LossMSE without"
        + " weights, or LossBinaryXENT";
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("refused")
  void whatWouldNotTrainAsItSaysIsRefused(String json, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Network.fromDl4j("given", json, INPUT, 2))
        .withMessageStartingWith("network 'given': " + message);
  }

  static Stream<String> taken() {
    return Stream.of(
        first(dense().dropOut(0.5).build()),
        recurrent(lstm -> lstm),
        last(output(new LossBinaryXENT(), Activation.SIGMOID, 3, 1)));
  }

  @ParameterizedTest
  @MethodSource("taken")
  void theLikeThatDoesTrainIsTaken(String json) {
    assertThat(Network.fromDl4j("given", json, INPUT, 2).classes()).isEqualTo(2);
  }
}
