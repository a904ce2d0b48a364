package dev.lockstep.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.model.ModelArchive;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.yaml.ConfigurationException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.IndexToString;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.feature.StringIndexerModel;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A network trained on a data frame, and its predictions as columns. */
class NetworkClassifierTest {
  private static final int ROWS = 1500;
  private static final String PERCEPTRON =
      "{layers: [{dense: {units: 32, activation: relu}}, {dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}";

  private static SparkSession spark;
  private static Dataset<Row> frame;

  @BeforeAll
  static void start() {
    spark = MnistFrame.spark();
    frame = MnistFrame.of(spark, ROWS).repartition(1).sortWithinPartitions("id").cache();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static NetworkClassifier classifier() {
    return new NetworkClassifier()
        .setNetwork(PERCEPTRON)
        .setOptimizer("{name: adam, learningRate: 0.005}")
        .setEpochs(4)
        .setBatchSize(50)
        .setSeed(3)
        .setWorkers(2);
  }

  private static double accuracy(Dataset<Row> predicted) {
    return new MulticlassClassificationEvaluator().setMetricName("accuracy").evaluate(predicted);
  }

  @Test
  void learnsWhatTheSameConfigurationLearnsFromTheSameExamples(@TempDir Path directory)
      throws Exception {
    classifier().fit(frame).write().save(directory.resolve("model").toString());

    Examples examples = MnistFrame.examples(ROWS);
    float[][] rows = new float[ROWS][784];
    byte[] labels = new byte[ROWS];
    for (int i = 0; i < ROWS; i++) {
      examples.copy(i, rows[i], 0);
      labels[i] = (byte) examples.label(i);
    }
    Examples vectors = new Examples(new FloatFeatures(Shape.vector(784), rows), 10, labels);
    Configuration configuration =
        Configuration.read(
            "same",
            "{seed: 3, network: %s, training: {epochs: 4, batchSize: 50, optimizer: {name: adam, learningRate: 0.005}}}"
                .formatted(PERCEPTRON),
            List.of());
    Training training =
        Training.of(
            configuration,
            new dev.lockstep.data.Dataset("same", vectors, vectors.select(new int[0])),
            Optional.empty());
    float[] expected =
        Gang.of(training, 2)
            .run(JavaSparkContext.fromSparkContext(spark.sparkContext()))
            .parameters();
    try (InputStream zip = Files.newInputStream(directory.resolve("model/model.zip"))) {
      assertThat(ModelArchive.read("model.zip", zip).parameters()).isEqualTo(expected);
    }
  }

  @Test
  void appendsPredictionsOfItsTrainingRowsThatAreMostlyRight() {
    Dataset<Row> predicted = classifier().fit(frame).transform(frame);

    assertThat(predicted.columns())
        .containsExactlyInAnyOrder(
            "id", "label", "features", "held", "rawPrediction", "probability", "prediction");
    assertThat(accuracy(predicted)).isGreaterThan(0.9);
    for (Row row : predicted.select("rawPrediction", "probability", "prediction").takeAsList(20)) {
      double[] probability = ((Vector) row.get(1)).toArray();
      double[] raw = ((Vector) row.get(0)).toArray();
      assertThat(java.util.Arrays.stream(probability).sum()).isCloseTo(1, within(1e-9));
      assertThat(((Vector) row.get(1)).argmax()).isEqualTo((int) row.getDouble(2));
      for (int i = 0; i < probability.length; i++) {
        assertThat(Math.exp(raw[i])).isCloseTo(probability[i], within(1e-9));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void columnsOfAnyTypeAreLeftAsTheyAre(boolean wholeStageCodegen) {
    String[] columns = {
      "*",
      "if(held, null, concat('digit ', int(label))) as text",
      "transform(sequence(0, id % 3), x -> if(x = 1, null, string(x))) as array",
      "named_struct('a', id, 'b', array(label, null)) as struct",
      "map(string(id), features) as map",
      "cast(id as decimal(20, 3)) as decimal",
      "timestamp_seconds(id) as time",
      "cast(null as double) as nothing",
      "cast(string(id) as binary) as bytes"
    };
    NetworkClassificationModel model = classifier().setEpochs(1).fit(frame);
    Dataset<Row> wide = frame.selectExpr(columns);
    spark.conf().set("spark.sql.codegen.wholeStage", wholeStageCodegen);
    try {
      Dataset<Row> predicted = model.transform(wide);

      assertThat(predicted.select("prediction").collectAsList())
          .isEqualTo(model.transform(frame).select("prediction").collectAsList());
      assertThat(
              predicted.drop("rawPrediction", "probability", "prediction").toJSON().collectAsList())
          .isEqualTo(wide.toJSON().collectAsList());
    } finally {
      spark.conf().unset("spark.sql.codegen.wholeStage");
    }
  }

  @Test
  void aRowWithoutAVectorIsRefused() {
    NetworkClassificationModel model = classifier().setEpochs(1).fit(frame);
    Dataset<Row> lacking =
        frame.withColumn("features", functions.expr("if(id = 7, null, features)"));

    assertThatThrownBy(() -> model.transform(lacking).collectAsList())
        .hasStackTraceContaining("the model takes vectors of 784 numbers but a row has null");
  }

  @Test
  void predictsASingleVectorAsItPredictsTheRow() {
    NetworkClassificationModel model = classifier().setEpochs(1).fit(frame);

    for (Row row :
        model.transform(frame).select("features", "probability", "prediction").takeAsList(10)) {
      Vector features = (Vector) row.get(0);
      assertThat(model.predict(features)).isEqualTo(row.getDouble(2));
      assertThat(model.predictProbability(features).toArray())
          .containsExactly(((Vector) row.get(1)).toArray(), within(1e-6));
    }
  }

  @Test
  void aColumnWithoutANameIsLeftOutAndThresholdsDecide() {
    double[] onlySeven = {1, 1, 1, 1, 1, 1, 1, 0, 1, 1};
    NetworkClassificationModel model =
        classifier().setEpochs(1).setRawPredictionCol("").setThresholds(onlySeven).fit(frame);

    Dataset<Row> predicted = model.transform(frame);

    assertThat(predicted.columns()).doesNotContain("rawPrediction").contains("probability");
    assertThat(predicted.filter("prediction != 7").count()).isZero();
  }

  @Test
  void rowsThatTheColumnMarksAreValidatedOnAndNotLearnedFrom() {
    NetworkClassifier classifier =
        classifier()
            .setEpochs(50)
            .setValidationIndicatorCol("held")
            .setEarlyStopping("{monitor: validation.loss, patience: 1}");
    Dataset<Row> nonsense =
        frame.withColumn(
            "label",
            functions
                .when(functions.col("held"), functions.lit(0.0))
                .otherwise(frame.col("label")));

    NetworkClassificationModel model = classifier.fit(nonsense);

    assertThat(accuracy(model.transform(frame.filter("held")))).isGreaterThan(0.5);
  }

  @Test
  void aVectorMayBeAnImage() {
    NetworkClassificationModel model =
        new NetworkClassifier()
            .setNetwork(
                """
                layers:
                  - conv2d: {filters: 4, kernelSize: 5, activation: relu}
                  - max_pooling2d: {poolSize: 4}
                  - flatten
                  - dense: {units: 10, activation: softmax}
                loss: categorical_crossentropy
                """)
            .setInputShape(28, 28)
            .setOptimizer("{name: adam, learningRate: 0.005}")
            .setEpochs(4)
            .setWorkers(1)
            .fit(frame);

    assertThat(model.numFeatures()).isEqualTo(784);
    assertThat(accuracy(model.transform(frame))).isGreaterThan(0.8);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aRowCountsAsOftenAsItsWeightSays(int workers) {
    Dataset<Row> some =
        frame.filter("id < 120").withColumn("weight", functions.expr("id % 3")).cache();
    Dataset<Row> repeated =
        some.withColumn("copy", functions.explode(functions.expr("sequence(1, weight)")))
            .filter("copy <= weight and weight > 0"); // for sequence(1, 0) is [1, 0]
    NetworkClassifier classifier =
        classifier().setBatchSize(1000).setEpochs(10).setWorkers(workers);

    NetworkClassificationModel weighted = classifier.setWeightCol("weight").fit(some);

    NetworkClassificationModel expected = classifier.setWeightCol("").fit(repeated);
    List<Row> rows = weighted.transform(some).select("probability").collectAsList();
    List<Row> expectedRows = expected.transform(some).select("probability").collectAsList();
    for (int i = 0; i < rows.size(); i++) {
      assertThat(((Vector) rows.get(i).get(0)).toArray())
          .containsExactly(((Vector) expectedRows.get(i).get(0)).toArray(), within(1e-3));
    }
    assertThat(repeated.count()).isEqualTo(120);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "case when id = 7 then null else 1 end|row 7 (from 0) has the weight null or NaN in column 'weight' but a weight must be a finite number, at least 0",
        "case when id = 7 then double('NaN') else 1 end|row 7 (from 0) has the weight null or NaN in column 'weight' but a weight must be a finite number, at least 0",
        "case when id = 7 then -0.5 else 1 end|row 7 (from 0) has the weight -0.5 in column 'weight' but a weight must be a finite number, at least 0",
        "case when id = 7 then double('Infinity') else 1 end|row 7 (from 0) has the weight Infinity in column 'weight' but a weight must be a finite number, at least 0",
        "0|the weights of column 'weight' add up to 0.0 over the 1500 rows that are learned from but must be more than 0 and finite",
        "string(id)|weightCol 'weight' is a column of string but must be one of numbers",
      })
  void aWeightThatIsNoneIsRefusedWithItsRow(String weight, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () ->
                classifier()
                    .setWeightCol("weight")
                    .fit(frame.withColumn("weight", functions.expr(weight))))
        .withMessageEndingWith(message);
  }

  @Test
  void theSchemaOfPredictionsIsTheOneThatWasAnnounced() {
    Dataset<Row> named = frame.withColumn("digit name", functions.expr("concat('d', int(label))"));
    StringIndexerModel indexer =
        new StringIndexer().setInputCol("digit name").setOutputCol("digit").fit(named);
    Dataset<Row> indexed = indexer.transform(named);
    NetworkClassificationModel model = classifier().setLabelCol("digit").setEpochs(1).fit(indexed);

    Dataset<Row> predicted = model.transform(indexed);

    assertThat(predicted.schema()).isEqualTo(model.transformSchema(indexed.schema()));
    Dataset<Row> back =
        new IndexToString().setInputCol("digit").setOutputCol("back").transform(predicted);
    assertThat(back.filter("back = `digit name`").count()).isEqualTo(ROWS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "case when id = 7 then 2.5 else label end|row 7 (from 0) has the label 2.5 in column 'label' but a class must be a whole number from 0 to 255; StringIndexer makes such",
        "case when id = 7 then null else label end|row 7 (from 0) has the label null in column 'label' but a class must be a whole number from 0 to 255; StringIndexer makes such",
        "label - 1|row 1 (from 0) has the label -1.0 in column 'label' but a class must be a whole number from 0 to 255; StringIndexer makes such",
      })
  void aLabelThatIsNoClassIsRefusedWithItsRow(String label, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> classifier().fit(frame.withColumn("label", functions.expr(label))))
        .withMessageEndingWith(message);
  }

  @Test
  void mistakesInParamsNameTheParamAndWhatItMayBe() {
    assertMistake(new NetworkClassifier(), "'network' is missing");
    assertMistake(classifier().setNetwork("mpl-512"), "did you mean 'mlp-512'?");
    assertMistake(classifier().setOptimizer("{name: adma}"), "'adam'");
    assertMistake(classifier().setAveraging("{mode: parameters}"), "'interval' is missing");
    assertMistake(
        classifier().setInputShape(28, 27),
        "inputShape is [28, 27], which is 756 numbers, but the vectors of column 'features' have 784");
    assertMistake(
        classifier().setValidationIndicatorCol("id"),
        "validationIndicatorCol 'id' is a column of int but must be one of boolean");
    assertMistake(
        classifier().setWorkers(9),
        ": workers is 9 but only 2 tasks can run at once, and the workers wait for one another; give the master more cores or set at most 2");
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> classifier().fit(frame.filter("id = 6")))
        .withMessageEndingWith(
            ": workers is 2 but the rows that are learned from, 1, are dealt to at most 1");
    assertMistake(
        classifier().setEarlyStopping("{monitor: validation.loss}"),
        "nothing is held out for validation");
  }

  private static void assertMistake(NetworkClassifier classifier, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> classifier.fit(frame))
        .withMessageContaining(message);
  }

  @Test
  void isCopiedSavedAndLoadedWithItsParams(@TempDir Path directory) throws Exception {
    NetworkClassifier classifier = classifier().setLabelCol("digit");
    String path = directory.resolve("classifier").toString();

    classifier.write().save(path);

    assertThat(NetworkClassifier.load(path).explainParams()).isEqualTo(classifier.explainParams());
    assertThat(NetworkClassifier.load(path).uid()).isEqualTo(classifier.uid());
    assertThat(classifier.copy(new org.apache.spark.ml.param.ParamMap()).explainParams())
        .isEqualTo(classifier.explainParams());
  }
}
