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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.ml.param.Param;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The estimator's module for PySpark, {@code deploy/python}. */
class PythonModuleTest {
  private static final Path ROOT = Path.of("../deploy/python").toAbsolutePath().normalize();
  private static final Path MODULE = ROOT.resolve("dev/lockstep/spark/ml.py");

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

  private int run(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(directory.resolve("log").toFile())
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
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
