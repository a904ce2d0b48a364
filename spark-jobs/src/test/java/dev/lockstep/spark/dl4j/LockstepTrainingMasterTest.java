package dev.lockstep.spark.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.serializer.KryoSerializer;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.core.storage.impl.CollectionStatsStorageRouter;
import org.deeplearning4j.core.storage.listener.RoutingIterationListener;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.kryo.Nd4jRegistrator;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Programs that are written for DL4J's training on Spark, with Lockstep's training master. */
class LockstepTrainingMasterTest {
  private static final int EXAMPLES = 210;
  private static final int INPUTS = 12;
  private static final int CLASSES = 3;
  private static final int BATCH = 32;
  private static final int PASSES = 3;
  private static final long SEED = 5;

  private static JavaSparkContext spark;

  @BeforeAll
  static void start() {
    NativeLibraries.load();
    spark =
        new JavaSparkContext(
            new SparkConf()
                .setMaster("local[2]")
                .setAppName("training master")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.serializer", KryoSerializer.class.getName()) // as programs of DL4J do
                .set("spark.kryo.registrator", Nd4jRegistrator.class.getName()));
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static NeuralNetConfiguration.Builder settings(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(updater)
        .activation(Activation.TANH);
  }

  private static MultiLayerConfiguration perceptron(NeuralNetConfiguration.Builder settings) {
    return settings
        .list()
        .layer(new DenseLayer.Builder().nIn(INPUTS).nOut(9).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(9)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  /** Three clouds of points. */
  private static DataSet points() {
    CounterRandom random = new CounterRandom(3);
    float[][] features = new float[EXAMPLES][INPUTS];
    float[][] labels = new float[EXAMPLES][CLASSES];
    for (int i = 0; i < EXAMPLES; i++) {
      labels[i][i % CLASSES] = 1;
      for (int p = 0; p < INPUTS; p++) {
        features[i][p] = (p % CLASSES == i % CLASSES ? 0.8f : 0) + (float) random.nextDouble();
      }
    }
    return new DataSet(Nd4j.create(features), Nd4j.create(labels));
  }

  /** The examples as an RDD of data sets of various sizes, in their order. */
  private static JavaRDD<DataSet> rdd(DataSet all) {
    List<DataSet> parts = new ArrayList<>();
    for (int from = 0; from < all.numExamples(); from += 50) {
      parts.add((DataSet) all.getRange(from, Math.min(from + 50, all.numExamples())).copy());
    }
    return spark.parallelize(parts, 3);
  }

  private static LockstepTrainingMaster.Builder builder(int workers) {
    return new LockstepTrainingMaster.Builder(workers, 50)
        .batchSizePerWorker(BATCH / workers)
        .rngSeed(SEED);
  }

  private static MultiLayerNetwork fitOnSpark(
      MultiLayerConfiguration configuration, TrainingMaster<?, ?> master, DataSet all) {
    SparkDl4jMultiLayer program = new SparkDl4jMultiLayer(spark, configuration, master);
    for (int pass = 0; pass < PASSES; pass++) {
      program.fit(rdd(all));
    }
    return program.getNetwork();
  }

  /** The same batches, one after the other, by DL4J alone. */
  private static MultiLayerNetwork fitAlone(MultiLayerConfiguration configuration, DataSet all) {
    MultiLayerNetwork model = new MultiLayerNetwork(configuration);
    model.init();
    for (int pass = 0; pass < PASSES; pass++) {
      BatchOrder order =
          new BatchOrder(
              IntStream.range(0, all.numExamples()).toArray(),
              Math.min(64, all.numExamples()),
              BATCH,
              CounterRandom.key(SEED, 0x70617373, pass));
      MicroBatch part = new MicroBatch(BATCH);
      for (int batch = 0; batch < order.batches(); batch++) {
        order.worker(0, 1).microBatch(0, batch, part);
        int[] rows = IntStream.range(0, part.size()).map(part::example).toArray();
        model.fit(new DataSet(rows(all.getFeatures(), rows), rows(all.getLabels(), rows)));
      }
      model.incrementEpochCount();
    }
    return model;
  }

  private static INDArray rows(INDArray all, int[] rows) {
    long[] shape = all.shape().clone();
    shape[0] = rows.length;
    INDArray chosen = Nd4j.create(shape);
    for (int i = 0; i < rows.length; i++) {
      chosen.get(NDArrayIndex.point(i)).assign(all.get(NDArrayIndex.point(rows[i])));
    }
    return chosen;
  }

  private static void assertSame(INDArray found, INDArray expected) {
    assertThat(found.toDoubleVector()).containsExactly(expected.toDoubleVector(), within(1e-5));
  }

  static Stream<IUpdater> updaters() {
    return Stream.of(
        new Sgd(0.1),
        new Nesterovs(0.05, 0.9),
        new RmsProp(0.01),
        new Adam(0.01),
        new Adam(0.01, 0.8, 0.9, 1e-4));
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void oneWorkerEqualsFitOnTheSameBatches(IUpdater updater) {
    MultiLayerConfiguration configuration = perceptron(settings(updater).l2(0.01).l1(0.001));

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(1).build(), points());
    MultiLayerNetwork expected = fitAlone(configuration.clone(), points());

    assertSame(found.params(), expected.params());
    if (expected.getUpdater().getStateViewArray() != null) {
      assertSame(found.getUpdater().getStateViewArray(), expected.getUpdater().getStateViewArray());
    }
    assertThat(found.getIterationCount()).isEqualTo(expected.getIterationCount());
    assertThat(found.getEpochCount()).isEqualTo(PASSES);
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void averagingParametersAtEveryStepOfOneWorkerEqualsFitToo(IUpdater updater) {
    MultiLayerConfiguration configuration = perceptron(settings(updater).l2(0.01));

    MultiLayerNetwork found =
        fitOnSpark(configuration.clone(), builder(1).averagingFrequency(1).build(), points());

    assertSame(found.params(), fitAlone(configuration.clone(), points()).params());
  }

  @Test
  void twoWorkersThatAverageGradientsMakeTheStepsOfOne() {
    MultiLayerConfiguration configuration = perceptron(settings(new Adam(0.01)).l2(0.01));

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(2).build(), points());

    assertSame(found.params(), fitAlone(configuration.clone(), points()).params());
  }

  @Test
  void fewerWorkersThanAskedMakeTheSameSteps() {
    MultiLayerConfiguration configuration = perceptron(settings(new Adam(0.01)).l2(0.01));

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(8).build(), points());

    assertSame(found.params(), fitAlone(configuration.clone(), points()).params());
  }

  @Test
  void sequencesAreTrainedLikeAnyOther() {
    MultiLayerConfiguration configuration =
        settings(new RmsProp(0.01))
            .list()
            .layer(new LSTM.Builder().nOut(6).build())
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MSE)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build())
            .setInputType(InputType.recurrent(4, 5))
            .build();
    DataSet sequences =
        new DataSet(
            Nd4j.linspace(-1, 1, 70 * 4 * 5)
                .reshape(70, 4, 5)
                .castTo(Nd4j.defaultFloatingPointType()),
            Nd4j.linspace(1, 0, 70 * 2 * 5)
                .reshape(70, 2, 5)
                .castTo(Nd4j.defaultFloatingPointType()));

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(1).build(), sequences);

    assertSame(found.params(), fitAlone(configuration.clone(), sequences).params());
  }

  @Test
  void runningStatisticsOfBatchNormalizationAreThoseOfFit() {
    MultiLayerConfiguration configuration =
        settings(new Sgd(0.1))
            .list()
            .layer(new DenseLayer.Builder().nIn(INPUTS).nOut(9).build())
            .layer(new BatchNormalization.Builder().nOut(9).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(9)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(1).build(), points());

    assertSame(found.params(), fitAlone(configuration.clone(), points()).params());
  }

  @Test
  void updaterStateOfSeveralBlocksIsThatOfFit() {
    MultiLayerConfiguration configuration =
        settings(new Adam(0.01))
            .list()
            .layer(new DenseLayer.Builder().nIn(INPUTS).nOut(9).build())
            .layer(new BatchNormalization.Builder().nOut(9).build())
            .layer(new DenseLayer.Builder().nIn(9).nOut(5).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(5)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(1).build(), points());

    MultiLayerNetwork expected = fitAlone(configuration.clone(), points());
    assertThat(((BaseMultiLayerUpdater<?>) expected.getUpdater()).getUpdaterBlocks())
        .hasSizeGreaterThan(2);
    assertSame(found.getUpdater().getStateViewArray(), expected.getUpdater().getStateViewArray());
    assertSame(found.params(), expected.params());
  }

  @Test
  void imagesAreTrainedLikeAnyOther() {
    MultiLayerConfiguration configuration =
        settings(new RmsProp(0.01))
            .list()
            .layer(new ConvolutionLayer.Builder(2, 2).nOut(4).build())
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(1, 1).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .setInputType(InputType.convolutional(3, 4, 1))
            .build();
    DataSet points = points();
    DataSet images =
        new DataSet(points.getFeatures().reshape('c', EXAMPLES, 1, 3, 4), points.getLabels());

    MultiLayerNetwork found = fitOnSpark(configuration.clone(), builder(2).build(), images);

    assertSame(found.params(), fitAlone(configuration.clone(), images).params());
  }

  @Test
  void aProgramForParameterAveragingRunsWithAnotherMasterAndNothingElseChanged() {
    MultiLayerConfiguration configuration = perceptron(settings(new Adam(0.05)));

    for (TrainingMaster<?, ?> master :
        List.<TrainingMaster<?, ?>>of(
            new ParameterAveragingTrainingMaster.Builder(2, 50)
                .batchSizePerWorker(16)
                .averagingFrequency(2)
                .workerPrefetchNumBatches(2)
                .aggregationDepth(2)
                .saveUpdater(true)
                .build(),
            new LockstepTrainingMaster.Builder(2, 50)
                .batchSizePerWorker(16)
                .averagingFrequency(2)
                .workerPrefetchNumBatches(2)
                .aggregationDepth(2)
                .saveUpdater(true)
                .build())) {
      MultiLayerNetwork model = fitOnSpark(configuration.clone(), master, points());
      assertThat(model.evaluate(iterator(points())).accuracy())
          .as(master.getClass().getSimpleName())
          .isGreaterThan(0.8);
    }
  }

  private static org.nd4j.linalg.dataset.api.iterator.DataSetIterator iterator(DataSet all) {
    return new org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator<>(all.asList(), 70);
  }

  @Test
  void listenersAndStatisticsAreServedAfterEachPass() {
    List<String> told = new ArrayList<>();
    LockstepTrainingMaster master = builder(1).collectTrainingStats(true).build();
    SparkDl4jMultiLayer program =
        new SparkDl4jMultiLayer(spark, perceptron(settings(new Sgd(0.1))), master);
    program.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            told.add("iteration %d, epoch %d".formatted(iteration, epoch));
            assertThat(model.score()).isEqualTo(program.getScore()).isPositive();
          }

          @Override
          public void onEpochEnd(Model model) {
            told.add("end");
          }
        });

    program.fit(rdd(points()));
    double first = program.getScore();
    program.fit(rdd(points()));

    assertThat(told).containsExactly("iteration 7, epoch 0", "end", "iteration 14, epoch 1", "end");
    assertThat(program.getScore()).isLessThan(first);
    assertThat(program.getSparkTrainingStats().getKeySet())
        .containsExactly("CollectDataSets", "Train");
    assertThat(program.getSparkTrainingStats().getValue("Train")).hasSize(2);
    assertThat(program.getSparkTrainingStats().statsAsString()).contains("Train: 2 times");
  }

  /** Notes what a listener that reports statistics is told and finds. */
  private static final class Watching extends BaseTrainingListener
      implements RoutingIterationListener {
    private static final long serialVersionUID = 1L;

    private final transient List<String> calls = new ArrayList<>();
    private transient StatsStorageRouter router;
    private transient INDArray gradient;

    /** Of the input and all layers but the output layer. */
    @Override
    public void onForwardPass(Model model, List<INDArray> activations) {
      calls.add("activations of %d layers".formatted(activations.size() - 1));
    }

    @Override
    public void onBackwardPass(Model model) {
      calls.add("backward");
    }

    @Override
    public void onGradientCalculation(Model model) {
      calls.add("gradient");
      gradient = model.gradient().gradient().dup();
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      calls.add("iteration %d of %d examples".formatted(iteration, model.batchSize()));
    }

    @Override
    public StatsStorageRouter getStorageRouter() {
      return router;
    }

    @Override
    public void setStorageRouter(StatsStorageRouter to) {
      router = to;
    }

    @Override
    public String getWorkerID() {
      return "driver";
    }

    @Override
    public void setWorkerID(String id) {}

    @Override
    public String getSessionID() {
      return "session";
    }

    @Override
    public void setSessionID(String id) {}

    @Override
    public RoutingIterationListener clone() {
      return new Watching();
    }
  }

  @Test
  void listenersFindABatchAndItsGradientAndChangeNothing() {
    MultiLayerConfiguration configuration =
        settings(new Adam(0.01))
            .list()
            .layer(new DenseLayer.Builder().nIn(INPUTS).nOut(9).dropOut(0.5).build())
            .layer(new BatchNormalization.Builder().nOut(9).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(9)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    Watching watching = new Watching();
    LockstepTrainingMaster master = builder(2).build();
    SparkDl4jMultiLayer program = new SparkDl4jMultiLayer(spark, configuration.clone(), master);
    program.setListeners(new PerformanceListener(1, true), watching);

    for (int pass = 0; pass < PASSES; pass++) {
      program.fit(rdd(points()));
    }

    assertThat(watching.calls)
        .hasSize(4 * PASSES)
        .startsWith(
            "activations of 2 layers", "backward", "gradient", "iteration 7 of 32 examples");
    assertThat(watching.gradient.norm2Number().doubleValue()).isPositive();
    MultiLayerNetwork alone =
        fitOnSpark(configuration.clone(), builder(2).build(), points()); // nobody listens
    assertThat(program.getNetwork().params()).isEqualTo(alone.params());
    assertThat(program.getNetwork().getUpdater().getStateViewArray())
        .isEqualTo(alone.getUpdater().getStateViewArray());
    assertThat(program.getNetwork().getListeners()).isEmpty();
  }

  @Test
  void theGradientThatListenersFindIsThatOfTheFirstExamples() {
    Watching watching = new Watching();
    SparkDl4jMultiLayer program =
        new SparkDl4jMultiLayer(spark, perceptron(settings(new Sgd(0.1))), builder(1).build());
    program.setListeners(watching);

    program.fit(rdd(points()));

    MultiLayerNetwork trained = program.getNetwork().clone();
    trained.setInput(points().getFeatures().get(NDArrayIndex.interval(0, BATCH)));
    trained.setLabels(points().getLabels().get(NDArrayIndex.interval(0, BATCH)));
    trained.computeGradientAndScore();
    assertSame(watching.gradient, trained.gradient().gradient());
  }

  @Test
  void aRoutingListenerKeepsItsRouterUnlessAnotherIsGiven() {
    Watching watching = new Watching();
    StatsStorageRouter own = router();
    StatsStorageRouter given = router();
    watching.setStorageRouter(own);
    LockstepTrainingMaster master = builder(1).build();

    master.setListeners(null, List.of(watching));
    assertThat(watching.getStorageRouter()).isSameAs(own);
    master.setListeners(given, List.of(watching));
    assertThat(watching.getStorageRouter()).isSameAs(given);

    master.setListeners(null);
    master.setListeners(given, null);
    new SparkDl4jMultiLayer(spark, perceptron(settings(new Sgd(0.1))), master).fit(rdd(points()));
    assertThat(watching.calls).as("after the listeners were taken away").isEmpty();
  }

  private static StatsStorageRouter router() {
    return new CollectionStatsStorageRouter(
        new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  }

  @Test
  void statisticsAreExportedAsFilesAndKeptFromChange(@TempDir Path directory) throws Exception {
    LockstepTrainingMaster master = builder(1).collectTrainingStats(true).build();
    new SparkDl4jMultiLayer(spark, perceptron(settings(new Sgd(0.1))), master).fit(rdd(points()));
    SparkTrainingStats statistics = master.getTrainingStats();

    statistics.exportStatFiles(directory.toString(), spark.sc());

    for (String key : statistics.getKeySet()) {
      try (Stream<String> lines = Files.lines(directory.resolve(key + ".txt"))) {
        assertThat(lines.filter(line -> !line.isBlank())).as(key).hasSize(2); // names, one pass
      }
    }
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> statistics.getKeySet().clear());
  }

  @Test
  void settingsSurviveJsonAndYaml() {
    LockstepTrainingMaster master =
        builder(2).averagingFrequency(3).collectTrainingStats(true).build();

    assertThat(LockstepTrainingMaster.fromJson(master.toJson()).toJson())
        .isEqualTo(master.toJson())
        .contains("\"averagingFrequency\":3", "\"numWorkers\":2");
    assertThat(LockstepTrainingMaster.fromYaml(master.toYaml()).toYaml())
        .isEqualTo(master.toYaml());
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> LockstepTrainingMaster.fromJson("{\"batchSizePerWorkr\": 3}"))
        .withMessageContaining("batchSizePerWorker");
  }

  @Test
  void whatItCannotDoIsRefusedWithASentence() {
    assertRefused(
        configuration -> configuration.updater(new AdaGrad(0.1)),
        "the training master knows Sgd, Nesterovs, RmsProp and Adam");
    assertRefused(
        configuration ->
            configuration.gradientNormalization(GradientNormalization.ClipElementWiseAbsoluteValue),
        "gradientNormalization is ClipElementWiseAbsoluteValue");
    assertRefused(configuration -> configuration.miniBatch(false), "miniBatch is false");
    assertRefused(configuration -> configuration.biasUpdater(new Sgd(1)), "one for all parameters");

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> builder(1).saveUpdater(false))
        .withMessageContaining("saveUpdater is false, but the updater's state is always kept");

    DataSet masked = points();
    masked.setLabelsMaskArray(Nd4j.ones(EXAMPLES, 1));
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () -> fitOnSpark(perceptron(settings(new Sgd(0.1))), builder(1).build(), masked))
        .withMessageContaining("has masks, which are not known here");
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> builder(1).build().executeTraining((SparkComputationGraph) null, null))
        .withMessageContaining("a ComputationGraph cannot be trained");
  }

  private static void assertRefused(
      Consumer<NeuralNetConfiguration.Builder> change, String message) {
    NeuralNetConfiguration.Builder settings = settings(new Sgd(0.1));
    change.accept(settings);
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> fitOnSpark(perceptron(settings), builder(1).build(), points()))
        .withMessageContaining(message);
  }
}
