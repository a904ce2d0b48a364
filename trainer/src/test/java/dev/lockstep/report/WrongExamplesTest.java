package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.data.Digits;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On MNIST, with a network that has not learned anything and so is wrong often. */
class WrongExamplesTest {
  private static final int COUNT = 300;
  private static final int CAPACITY = 64;

  private static Network network;
  private static float[] parameters;
  private static Engine engine;
  private static Examples examples;

  private record Guess(int index, int predicted, double probability) {}

  @BeforeAll
  static void open() {
    examples = Digits.MNIST.test();
    network =
        NetworkDefinition.read(
                "guessing",
                Section.parse(
                    "network",
                    "{layers: [dense: {units: 80, activation: relu}, dense: {units: 10, activation: softmax}], loss: categorical_crossentropy}"))
            .build(examples.shape(), examples.classes());
    parameters = network.initialParameters(1);
    engine =
        new FusedEngine(
            network,
            0,
            FloatVector.of(parameters),
            FloatVector.allocate(parameters.length),
            CAPACITY);
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static List<WrongExample> of(IntStream searched) {
    return WrongExamples.of("test", examples, searched.toArray(), network, engine, CAPACITY);
  }

  /** One example at a time, all of them sorted. */
  private static List<Guess> expected() {
    Batch batch = new Batch(network.input(), CAPACITY);
    FloatBuffer outputs = FloatVector.allocate(CAPACITY * 10);
    List<Guess> wrong = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      batch.fill(examples, new int[] {i}, 0, 1);
      engine.predict(batch, outputs);
      int best = 0;
      for (int c = 1; c < 10; c++) {
        best = outputs.get(c) > outputs.get(best) ? c : best;
      }
      if (best != examples.label(i)) {
        wrong.add(new Guess(i, best, outputs.get(best)));
      }
    }
    wrong.sort(Comparator.comparingDouble(Guess::probability).reversed());
    return wrong.subList(0, WrongExamples.MOST);
  }

  @Test
  void theWorstAreThoseWhoseWrongClassIsTheMostProbable() {
    assertThat(of(IntStream.range(0, COUNT)))
        .extracting(WrongExample::index, WrongExample::predicted)
        .containsExactlyElementsOf(
            expected().stream()
                .map(guess -> org.assertj.core.groups.Tuple.tuple(guess.index(), guess.predicted()))
                .toList());
  }

  @Test
  void searchingInPartsFindsTheSame() {
    List<WrongExample> parts =
        Stream.of(IntStream.range(0, 130), IntStream.range(130, COUNT))
            .flatMap(part -> of(part).stream())
            .toList();

    assertThat(WrongExamples.worst(parts))
        .extracting(WrongExample::index)
        .containsExactlyElementsOf(expected().stream().map(Guess::index).toList());
  }

  @Test
  void eachComesWithItsLabelAndItsPicture() throws IOException {
    WrongExample worst = of(IntStream.range(0, COUNT)).get(0);
    float[] pixels = new float[28 * 28];
    examples.copy(worst.index(), pixels, 0);

    assertThat(worst.label()).isEqualTo(examples.label(worst.index()));
    var image = ImageIO.read(new ByteArrayInputStream(worst.picture().png()));
    for (int i = 0; i < pixels.length; i++) {
      assertThat(image.getRGB(i % 28, i / 28) & 0xFF).isEqualTo(Math.round(pixels[i] * 255));
    }
  }

  @Test
  void ofAVectorThereIsNoPictureAndSoNothingToShow() {
    assertThat(Picture.canShow(new dev.lockstep.data.Shape(1, 30, 1))).isFalse();
  }

  @Test
  void theFirstLayersStrongestUnitsAreShownInTheirOrder() throws IOException {
    List<Pictures> layers = FirstLayer.of(network, parameters);

    assertThat(layers).hasSize(1);
    assertThat(layers.get(0).title())
        .startsWith("Layer 1 (dense): the 64 strongest of 80 units, each of 28 x 28 weights.");
    double[] squares = new double[80];
    for (int unit = 0; unit < 80; unit++) {
      for (int i = 0; i < 784; i++) {
        squares[unit] += Math.pow(parameters[unit * 784 + i], 2);
      }
    }
    assertThat(layers.get(0).pictures())
        .extracting(Picture::name)
        .containsExactlyElementsOf(
            IntStream.range(0, 80)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer unit) -> -squares[unit]))
                .limit(FirstLayer.MOST)
                .sorted()
                .map(unit -> "unit " + unit)
                .toList());
    Picture first = layers.get(0).pictures().get(0);
    int unit = Integer.parseInt(first.name().substring(5));
    var image = ImageIO.read(new ByteArrayInputStream(first.png()));
    for (int i = 0; i < 784; i++) {
      int rgb = image.getRGB(i % 28, i / 28);
      int red = rgb >> 16 & 0xFF;
      int blue = rgb & 0xFF;
      float weight = parameters[unit * 784 + i];
      if (Math.abs(weight) > 0.02) {
        assertThat(weight > 0 ? blue > red : red > blue).as("weight " + i).isTrue();
      }
    }
  }
}
