package dev.lockstep.spark.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.cluster.StandaloneCluster;
import dev.lockstep.yaml.ConfigurationException;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.serializer.KryoSerializer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.kryo.Nd4jRegistrator;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * DL4J's program on a real standalone cluster, whose executors have the cluster jar and what the
 * program brings: dl4j-spark with all that it needs.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LockstepTrainingMasterIT {
  private static final int EXAMPLES = 240;
  private static final int INPUTS = 12;
  private static final int PASSES = 2;

  @TempDir private Path directory;

  @Test
  void twoExecutorsGiveTheBitsOfTwoThreadsInBothAveragingModes() {
    NativeLibraries.load();
    List<MultiLayerNetwork> here;
    try (JavaSparkContext spark = new JavaSparkContext(conf("local[2]"))) {
      here = fitBothWays(spark);
    }

    List<MultiLayerNetwork> there;
    try (StandaloneCluster cluster =
            new StandaloneCluster(
                Path.of(System.getProperty("lockstep.spark.home")), directory, 2, 1);
        JavaSparkContext spark = new JavaSparkContext(onCluster(cluster))) {
      there = fitBothWays(spark);
      assertThatExceptionOfType(ConfigurationException.class)
          .isThrownBy(() -> fit(spark, new LockstepTrainingMaster.Builder(EXAMPLES).build()))
          .withMessageContaining(
              "LockstepTrainingMaster: numWorkers is missing; on a cluster (spark://");
    }

    for (int mode = 0; mode < here.size(); mode++) {
      assertThat(there.get(mode).params()).isEqualTo(here.get(mode).params());
      assertThat(there.get(mode).getUpdater().getStateViewArray())
          .isEqualTo(here.get(mode).getUpdater().getStateViewArray());
    }
    assertThat(here.get(0).params()).isNotEqualTo(here.get(1).params());
  }

  private static SparkConf conf(String master) {
    return new SparkConf()
        .setMaster(master)
        .setAppName("training master")
        .set("spark.ui.enabled", "false")
        .set("spark.driver.host", "127.0.0.1")
        .set("spark.driver.bindAddress", "127.0.0.1")
        .set("spark.serializer", KryoSerializer.class.getName())
        .set("spark.kryo.registrator", Nd4jRegistrator.class.getName());
  }

  private static SparkConf onCluster(StandaloneCluster cluster) {
    SparkConf conf =
        conf(cluster.master())
            .set("spark.executor.memory", "1g")
            .set("spark.executor.extraJavaOptions", StandaloneCluster.BRIEF)
            .set("spark.jars", System.getProperty("lockstep.cluster.jar") + "," + programsJars());
    for (String setting : StandaloneCluster.SECURITY) {
      String[] pair = setting.split("=", 2);
      conf.set(pair[0], pair[1]);
    }
    return conf;
  }

  /** The jars of this test's class path that belong to dl4j-spark and not to the cluster jar. */
  private static String programsJars() {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(classPath.split(File.pathSeparator))
        .filter(
            entry ->
                Stream.of(System.getProperty("lockstep.dl4j.spark").split(","))
                    .anyMatch(
                        name -> Path.of(entry).getFileName().toString().startsWith(name + "-")))
        .collect(Collectors.joining(","));
  }

  private static List<MultiLayerNetwork> fitBothWays(JavaSparkContext spark) {
    return List.of(
        fit(spark, new LockstepTrainingMaster.Builder(2, EXAMPLES).build()),
        fit(spark, new LockstepTrainingMaster.Builder(2, EXAMPLES).averagingFrequency(3).build()));
  }

  private static MultiLayerNetwork fit(JavaSparkContext spark, LockstepTrainingMaster master) {
    SparkDl4jMultiLayer program = new SparkDl4jMultiLayer(spark, perceptron(), master);
    for (int pass = 0; pass < PASSES; pass++) {
      program.fit(points(spark));
    }
    return program.getNetwork();
  }

  private static MultiLayerConfiguration perceptron() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(new Adam(0.01))
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nIn(INPUTS).nOut(9).dropOut(0.8).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(9)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  private static JavaRDD<DataSet> points(JavaSparkContext spark) {
    CounterRandom random = new CounterRandom(3);
    List<DataSet> parts = new ArrayList<>();
    for (int part = 0; part < 4; part++) {
      float[][] features = new float[EXAMPLES / 4][INPUTS];
      float[][] labels = new float[EXAMPLES / 4][3];
      for (int i = 0; i < features.length; i++) {
        labels[i][i % 3] = 1;
        for (int p = 0; p < INPUTS; p++) {
          features[i][p] = (p % 3 == i % 3 ? 0.8f : 0) + (float) random.nextDouble();
        }
      }
      parts.add(new DataSet(Nd4j.create(features), Nd4j.create(labels)));
    }
    return spark.parallelize(parts, 2);
  }
}
