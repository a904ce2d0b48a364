package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import onnx.Onnx.ModelProto;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.factory.Nd4j;

/** A run's model in the formats of others. */
class ExportCommandTest {
  @TempDir static Path directory;
  private static Path run;

  @BeforeAll
  static void train() throws Exception {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    run =
        Path.of(
            Invocation.of(
                    "train",
                    "--config",
                    configuration.toString(),
                    "--master",
                    "local[2]",
                    "--set",
                    "training.epochs=1",
                    "--output",
                    directory.resolve("runs").toString())
                .lastLine());
  }

  private static Path export(String format) {
    Path file = directory.resolve("model." + format);
    Invocation exported =
        Invocation.of(
            "export", "--model", run.toString(), "--format", format, "--output", file.toString());
    assertThat(exported.exitCode()).as(exported.err()).isZero();
    assertThat(exported.lastLine()).isEqualTo(file.toString());
    return file;
  }

  @Test
  void onnxHasTheLayersAndAnyNumberOfExamples() throws Exception {
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(export("onnx")));

    assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(13);
    assertThat(model.getGraph().getNodeList())
        .extracting(node -> node.getOpType())
        .containsExactly("Gemm", "Relu", "Gemm", "Softmax", "Identity");
    assertThat(model.getGraph().getInput(0).getType().getTensorType().getShape().getDim(0))
        .extracting(dimension -> dimension.getDimParam())
        .isEqualTo("batch");
  }

  @Test
  void npzHasTheWeightsThatDl4jLoadsFromTheZip() throws Exception {
    MultiLayerNetwork dl4j = MultiLayerNetwork.load(export("dl4j").toFile(), false);

    assertThat(Nd4j.createFromNpzFile(export("npz").toFile()))
        .hasEntrySatisfying(
            "dense_1/kernel", kernel -> assertThat(kernel).isEqualTo(dl4j.getParam("0_W").dup('c')))
        .containsKeys("dense_1/bias", "dense_3/kernel", "dense_3/bias");
  }

  @Test
  void whatCannotBeReadOrWrittenIsSaidInOneSentence() {
    Invocation nowhere =
        Invocation.of(
            "export",
            "--model",
            run.toString(),
            "--format",
            "onnx",
            "--output",
            run.resolve("model.zip/m.onnx").toString());
    Invocation unknown =
        Invocation.of("export", "--model", run.toString(), "--format", "hdf5", "--output", "x");

    assertThat(nowhere.exitCode()).isEqualTo(2);
    assertThat(nowhere.err()).contains("--output cannot be written: ");
    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err()).contains("--format").contains("hdf5");
  }
}
