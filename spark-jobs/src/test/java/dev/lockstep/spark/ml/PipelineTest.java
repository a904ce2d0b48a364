package dev.lockstep.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.StandardScaler;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline with a network under Spark's own cross-validation. */
@Timeout(300)
class PipelineTest {
  private static final int ROWS = 1200;

  @TempDir private Path directory;

  @Test
  void isTunedSavedAndGivesTheSamePredictionsInANewProcess() throws Exception {
    try (SparkSession spark = MnistFrame.spark()) {
      Dataset<Row> frame = MnistFrame.of(spark, ROWS).cache();
      CrossValidatorModel model = crossValidator().fit(frame);
      frame.write().parquet(path("rows"));
      model.write().save(path("model"));

      assertThat(model.avgMetrics()).hasSize(2);
      assertThat(model.avgMetrics()[0])
          .as("without training to speak of")
          .isLessThan(model.avgMetrics()[1]);
      assertThat(model.avgMetrics()[1]).isGreaterThan(0.75);

      List<Row> here = predictions(model.transform(frame));
      predictInANewProcess();
      List<Row> there = predictions(spark.read().parquet(path("predictions")));
      assertThat(there).isEqualTo(here);
    }
  }

  /** The two candidates beside one another have both of the slots for their workers. */
  private static CrossValidator crossValidator() {
    StandardScaler scaler = new StandardScaler().setInputCol("features").setOutputCol("scaled");
    NetworkClassifier classifier =
        new NetworkClassifier()
            .setFeaturesCol("scaled")
            .setNetwork(
                "{layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}")
            .setBatchSize(50)
            .setEpochs(3);
    ParamMap[] grid =
        new ParamGridBuilder()
            .addGrid(
                classifier.optimizer(),
                scala.collection.JavaConverters.asScalaBuffer(
                    List.of(
                        "{name: sgd, learningRate: 1.0e-6}", "{name: adam, learningRate: 0.003}")))
            .build();
    return new CrossValidator()
        .setEstimator(new Pipeline().setStages(new PipelineStage[] {scaler, classifier}))
        .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("accuracy"))
        .setEstimatorParamMaps(grid)
        .setNumFolds(2)
        .setParallelism(2)
        .setSeed(1);
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  private static List<Row> predictions(Dataset<Row> predicted) {
    return predicted.select("id", "probability", "prediction").orderBy("id").collectAsList();
  }

  private void predictInANewProcess() throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agent"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            PredictingProcess.class.getName(),
            path("model"),
            path("rows"),
            path("predictions")));
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor()).as(() -> read(log)).isZero();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
