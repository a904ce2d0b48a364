package dev.lockstep.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.spark.cluster.StandaloneCluster;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The estimator on a real standalone cluster, whose executors have the cluster jar alone. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class NetworkClassifierIT {
  private static final int ROWS = 1000;

  @TempDir private Path directory;

  @Test
  void twoExecutorsGiveTheBitsAndThePredictionsOfTwoThreads() throws Exception {
    List<Row> here;
    try (SparkSession spark = MnistFrame.spark()) {
      here = fitAndPredict(spark, "here");
    }
    List<Row> there;
    try (StandaloneCluster cluster =
            new StandaloneCluster(
                Path.of(System.getProperty("lockstep.spark.home")), directory, 2, 1);
        SparkSession spark = spark(cluster)) {
      there = fitAndPredict(spark, "there");
      assertThatExceptionOfType(ConfigurationException.class)
          .isThrownBy(
              () -> new NetworkClassifier().setNetwork("mlp-512").fit(MnistFrame.of(spark, 100)))
          .withMessageContaining("workers is missing; on a cluster (spark://");
    }

    assertThat(there).isEqualTo(here);
    assertThat(Files.readAllBytes(directory.resolve("there/model.zip")))
        .isEqualTo(Files.readAllBytes(directory.resolve("here/model.zip")));
  }

  private static SparkSession spark(StandaloneCluster cluster) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .master(cluster.master())
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraJavaOptions", StandaloneCluster.BRIEF)
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.jars", System.getProperty("lockstep.cluster.jar"));
    for (String setting : StandaloneCluster.SECURITY) {
      String[] pair = setting.split("=", 2);
      builder.config(pair[0], pair[1]);
    }
    return builder.getOrCreate();
  }

  private List<Row> fitAndPredict(SparkSession spark, String name) throws Exception {
    Dataset<Row> frame = MnistFrame.of(spark, ROWS).coalesce(2);
    NetworkClassificationModel model =
        new NetworkClassifier()
            .setNetwork("mlp-512")
            .setBatchSize(50)
            .setEpochs(2)
            .setWorkers(2)
            .setValidationIndicatorCol("held")
            .fit(frame);
    model.write().save(directory.resolve(name).toUri().toString());
    return model
        .transform(frame)
        .select("id", "probability", "prediction")
        .orderBy("id")
        .collectAsList();
  }
}
