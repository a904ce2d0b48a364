package dev.lockstep.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.spark.ml.NetworkClassificationModel;
import dev.lockstep.spark.ml.NetworkClassifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.ml.param.Param;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The estimator's module for PySpark, {@code deploy/python}. */
class PythonModuleTest {
  private static final Path ROOT = Path.of("../deploy/python").toAbsolutePath().normalize();
  private static final Path MODULE = ROOT.resolve("dev/lockstep/spark/ml.py");

  private static final long MOST_SECONDS = 120;

  @TempDir private Path directory;

  @Test
  void isPythonThatCompiles() throws Exception {
    assumeTrue(run("python3", "--version") == 0, "python3 is not installed");

    assertThat(
            run(
                "python3",
                "-c",
                "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')",
                MODULE.toString()))
        .as(() -> read(directory.resolve("log")))
        .isZero();
  }

  @Test
  void trainsInAPipelineThatIsSavedAndLoaded() throws Exception {
    assumeTrue(run("python3", "-c", "import pyspark") == 0, "PySpark is not installed");
    Path program =
        Files.writeString(
            directory.resolve("program.py"),
            """
            import sys
            from pyspark.ml import Pipeline, PipelineModel
            from pyspark.ml.linalg import Vectors
            from pyspark.sql import SparkSession
            from dev.lockstep.spark.ml import NetworkClassificationModel, NetworkClassifier

            spark = (
                SparkSession.builder.master("local[2]")
                .config("spark.driver.extraClassPath", sys.argv[1])
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.ui.enabled", "false")
                .getOrCreate()
            )
            frame = spark.createDataFrame(
                [(float(i % 2), 1.0 + i % 3, Vectors.dense(i % 2, 1 - i % 2)) for i in range(60)],
                ["label", "weight", "features"],
            )
            classifier = NetworkClassifier(
                network="{layers: [{dense: {units: 2, activation: softmax}}], loss: categorical_crossentropy}",
                optimizer="{name: sgd, learningRate: 0.5}", epochs=20, batchSize=10, workers=2,
                weightCol="weight")
            assert classifier.getOrDefault("seed") == 1
            Pipeline(stages=[classifier]).fit(frame).write().save(sys.argv[2])
            model = PipelineModel.load(sys.argv[2])
            assert isinstance(model.stages[0], NetworkClassificationModel), model.stages
            assert model.stages[0].numClasses == 2
            assert model.transform(frame).filter("prediction != label").count() == 0
            spark.stop()
            """);

    int exitCode =
        run(
            "python3",
            program.toString(),
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            directory.resolve("model").toUri().toString());

    assertThat(exitCode).as(() -> read(directory.resolve("log"))).isZero();
  }

  /** Its exit code; -1 if there is no such program. */
  private int run(String... command) throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("PYTHONPATH", ROOT.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process;
    try {
      process =
          builder
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
    } catch (IOException e) {
      return -1;
    }
    try {
      assertThat(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS))
          .as(() -> "ended in time: " + read(directory.resolve("log")))
          .isTrue();
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void hasTheNameOfTheJavaPackageByWhichPySparkFindsAStagesClass() {
    String module =
        ROOT.relativize(MODULE)
            .toString()
            .replace(".py", "")
            .replace(MODULE.getFileSystem().getSeparator(), ".");

    for (Class<?> stage : List.of(NetworkClassifier.class, NetworkClassificationModel.class)) {
      assertThat(stage.getName()).isEqualTo(module + "." + stage.getSimpleName());
      assertThat(read(MODULE)).contains("\nclass " + stage.getSimpleName() + "(");
    }
  }

  @Test
  void hasEveryParamBesideThoseOfPySparksClassifiers() {
    Set<String> own = new TreeSet<>(names(new NetworkClassifier().params()));
    own.removeAll(
        Set.of(
            "featuresCol",
            "labelCol",
            "predictionCol",
            "probabilityCol",
            "rawPredictionCol",
            "thresholds"));
    Set<String> python =
        Pattern.compile(
                "^    (\\w+) = Param\\(\\s+Params._dummy\\(\\),\\s+\"(\\w+)\"", Pattern.MULTILINE)
            .matcher(read(MODULE))
            .results()
            .peek(param -> assertThat(param.group(1)).isEqualTo(param.group(2)))
            .map(param -> param.group(2))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(python).isEqualTo(own);
  }

  private static Set<String> names(Param<?>[] params) {
    return Arrays.stream(params).map(Param::name).collect(Collectors.toSet());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
