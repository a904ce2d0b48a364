package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.factory.Nd4j;

/** Keras' models as models of Lockstep. */
class ImportCommandTest {
  private static final Path KERAS =
      Path.of("..", "trainer", "src", "test", "resources", "dev", "lockstep", "keras");

  @TempDir Path directory;

  private Path imported(String... arguments) {
    Path model = directory.resolve("model.zip");
    Invocation invocation = Invocation.of(with(arguments, "--output", model.toString()));
    assertThat(invocation.exitCode()).as(invocation.err()).isZero();
    assertThat(invocation.lastLine()).isEqualTo(model.toString());
    return model;
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.of(new String[] {"import"}, arguments, more)
        .flatMap(Stream::of)
        .toArray(String[]::new);
  }

  /** Images of {@code 8 x 11} with two channels in three classes. */
  private Path images() throws IOException {
    for (String part : new String[] {"train", "t10k"}) {
      try (DataOutputStream images = open(part + "-images-idx4-ubyte");
          DataOutputStream labels = open(part + "-labels-idx1-ubyte")) {
        for (int field : new int[] {0x804, 3, 8, 11, 2}) {
          images.writeInt(field);
        }
        images.write(new byte[3 * 8 * 11 * 2]);
        labels.writeInt(0x801);
        labels.writeInt(3);
        labels.write(new byte[] {0, 1, 2});
      }
    }
    return directory;
  }

  private DataOutputStream open(String name) throws IOException {
    return new DataOutputStream(Files.newOutputStream(directory.resolve(name)));
  }

  @Test
  void aKerasFileBecomesAModelThatCanBeEvaluatedAndExported() throws IOException {
    Path model = imported("--keras", KERAS.resolve("cnn.keras").toString());
    Path onnx = directory.resolve("cnn.onnx");

    Invocation evaluated =
        Invocation.of(
            "evaluate",
            "--model",
            model.toString(),
            "--dataset",
            images().toString(),
            "--master",
            "local[1]",
            "--json");
    Invocation exported =
        Invocation.of(
            "export", "--model", model.toString(), "--format", "onnx", "--output", onnx.toString());

    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    // Three equal images are of one class, whichever the model says.
    assertThat(String.join("", evaluated.out())).contains("\"test.accuracy\" : 0.3333");
    assertThat(exported.exitCode()).as(exported.err()).isZero();
    assertThat(onnx).isNotEmptyFile();
  }

  @Test
  void aModelOfVectorsIsToldTheShapeOfTheImages() throws Exception {
    String[] model = {
      "--keras",
      KERAS.resolve("mlp-keras2.json").toString(),
      "--weights",
      KERAS.resolve("mlp-keras2.weights.h5").toString(),
      "--shape"
    };
    Path npz = directory.resolve("weights.npz");
    Path imported =
        imported(Stream.concat(Stream.of(model), Stream.of("3x4")).toArray(String[]::new));

    Invocation exported =
        Invocation.of(
            "export",
            "--model",
            imported.toString(),
            "--format",
            "npz",
            "--output",
            npz.toString());

    assertThat(exported.exitCode()).as(exported.err()).isZero();
    assertThat(Nd4j.createFromNpzFile(npz.toFile()))
        .hasEntrySatisfying(
            "dense_1/kernel", kernel -> assertThat(kernel.shape()).containsExactly(12, 5));
    assertRefused(
        "network 'mlp-keras2': its input is 12 but the data is 3 x 5", with(model, "3x5"));
    assertRefused("--shape is 'square' but must be height x width", with(model, "square"));
  }

  @Test
  void aFileThatIsNotThereOrNoModelIsOneSentence() throws IOException {
    Path golden = KERAS.resolve("golden.json");
    assertRefused(
        "/none.keras: there is no such file",
        with(new String[] {"--keras", directory + "/none.keras"}));
    assertRefused(
        "cnn-keras3.json: has no weights; name the file that save_weights wrote with --weights",
        with(new String[] {"--keras", KERAS.resolve("cnn-keras3.json").toString()}));
    assertRefused(
        "network 'golden': class_name is '' but must be Sequential",
        with(
            new String[] {
              "--keras", golden.toString(), "--weights", KERAS.resolve("cnn.weights.h5").toString()
            }));
    assertThat(directory.resolve("model.zip")).doesNotExist();
  }

  private void assertRefused(String message, String... arguments) {
    Invocation refused =
        Invocation.of(
            Stream.concat(
                    Stream.of(arguments),
                    Stream.of("--output", directory.resolve("refused.zip").toString()))
                .toArray(String[]::new));
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err()).contains(message);
    assertThat(directory.resolve("refused.zip")).doesNotExist();
  }
}
