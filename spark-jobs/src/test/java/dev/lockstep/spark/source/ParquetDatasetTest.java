package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.parquet.example.data.Group;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Columns of Parquet files as a data set. */
class ParquetDatasetTest {
  private static final String ARRAY =
      "optional group pixels (LIST) { repeated group list { optional double element; } }";

  @TempDir Path directory;

  private DatasetSource source(String settings) {
    return DatasetSource.read(
        Section.parse(
            "a.yaml",
            "dataset: {parquet: '%s', %s}".formatted(directory.resolve("data"), settings)));
  }

  private Dataset load(String settings) {
    return source(settings).load();
  }

  private Path part(int number) throws IOException {
    Files.createDirectories(directory.resolve("data"));
    return directory.resolve("data/part-%05d.parquet".formatted(number));
  }

  @SafeVarargs
  private void write(String fields, Consumer<Group>... rows) throws IOException {
    ParquetFile.of(fields).write(part(0), List.of(rows));
  }

  /** Rows of one array and the label. */
  private void writeArrays(int number, Object[]... rows) throws IOException {
    List<Consumer<Group>> writers = new ArrayList<>();
    for (Object[] row : rows) {
      writers.add(
          group -> {
            group.add("label", (Double) row[0]);
            ParquetFile.addArray(
                group, "pixels", Arrays.copyOfRange(row, 1, row.length, Double[].class));
          });
    }
    ParquetFile.of("required double label; " + ARRAY).write(part(number), writers);
  }

  private static Object[] row(Object... labelAndNumbers) {
    return labelAndNumbers;
  }

  private static float[] numbers(Examples examples, int example) {
    float[] numbers = new float[examples.shape().size()];
    examples.copy(example, numbers, 0);
    return numbers;
  }

  @Test
  void columnsOfNumbersStandNextToOneAnotherInTheOrderInWhichTheyAreNamed() throws IOException {
    write(
        "optional int32 age; optional int64 income; required float height; optional double weight;"
            + " required int32 sex (INTEGER(8,true)); optional binary name (STRING);"
            + " required int64 species;",
        row ->
            row.append("age", 41)
                .append("income", 70_000L)
                .append("height", 1.75f)
                .append("weight", 71.5)
                .append("sex", 1)
                .append("species", 2L),
        row ->
            row.append("age", -3)
                .append("income", 0L)
                .append("height", 0.1f)
                .append("weight", 0.1)
                .append("sex", 0)
                .append("name", "x")
                .append("species", 0L));

    Dataset dataset = load("features: [weight, age, height, income, sex], label: species");

    assertThat(dataset.shape()).isEqualTo(new Shape(1, 5, 1));
    assertThat(dataset.classes()).isEqualTo(3);
    assertThat(dataset.test().size()).isZero();
    assertThat(dataset.name()).isEqualTo(directory.resolve("data").toString());
    assertThat(numbers(dataset.training(), 0)).containsExactly(71.5f, 41, 1.75f, 70_000, 1);
    assertThat(numbers(dataset.training(), 1)).containsExactly(0.1f, -3, 0.1f, 0, 0);
    assertThat(dataset.training().label(0)).isEqualTo(2);
    assertThat(dataset.training().label(1)).isZero();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "repeated group list { required double element; }",
        "repeated group list { optional double element; }",
        "repeated group bag { optional double array_element; }",
        "repeated group array { required double item; }"
      })
  void arraysAreReadHoweverTheirWriterNestsThem(String repeated) throws IOException {
    write(
        "required int32 label; required group pixels (LIST) { %s }".formatted(repeated),
        row -> {
          row.add("label", 1);
          ParquetFile.addArray(row, "pixels", 1.5, -2.0);
        });

    assertThat(numbers(load("features: pixels, label: label").training(), 0))
        .containsExactly(1.5f, -2);
  }

  @Test
  void arraysOfTheOldKindWithoutGroupsAroundTheNumbersAreReadToo() throws IOException {
    write(
        "required int32 label; required group pixels (LIST) { repeated int32 array; }",
        row -> {
          row.add("label", 1);
          row.addGroup("pixels").append("array", 7).append("array", 8);
        });

    assertThat(numbers(load("features: [pixels], label: label").training(), 0))
        .containsExactly(7, 8);
  }

  @Test
  void aShapeMakesImagesOfVectorsWhoseChannelsComeLast() throws IOException {
    writeArrays(0, row(0.0, 1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0));

    Dataset coloured = load("features: pixels, label: label, shape: [2, 2, 2]");
    Dataset wide = load("features: pixels, label: label, shape: [2, 4]");

    assertThat(coloured.shape()).isEqualTo(new Shape(2, 2, 2));
    assertThat(numbers(coloured.training(), 0)).containsExactly(1, 2, 3, 4, 10, 20, 30, 40);
    assertThat(wide.shape()).isEqualTo(new Shape(2, 4, 1));
    assertThat(numbers(wide.training(), 0)).containsExactly(1, 10, 2, 20, 3, 30, 4, 40);
  }

  @Test
  void rowsComeInTheOrderOfTheFilesNamesAndFilesThatAreNoPartAreLeftAside() throws IOException {
    writeArrays(2, row(2.0, 20.0));
    writeArrays(10, row(3.0, 30.0), row(3.0, 31.0));
    writeArrays(0);
    writeArrays(1, row(1.0, 10.0));
    Files.createFile(directory.resolve("data/_SUCCESS"));
    Files.createDirectory(directory.resolve("data/_temporary"));
    Files.writeString(directory.resolve("data/.hidden"), "x");

    Examples examples = load("features: pixels, label: label").training();

    assertThat(firsts(examples)).containsExactly(10f, 20f, 30f, 31f);
    assertThat(IntStream.range(0, examples.size()).map(examples::label))
        .containsExactly(1, 2, 3, 3);
  }

  @Test
  void oneFileAloneIsADataSetToo() throws IOException {
    writeArrays(0, row(1.0, 10.0));
    Files.move(part(0), directory.resolve("one.parquet"));
    Files.delete(directory.resolve("data/.part-00000.parquet.crc"));
    Files.delete(directory.resolve("data"));
    Files.move(directory.resolve("one.parquet"), directory.resolve("data"));

    assertThat(load("features: pixels, label: label").training().size()).isEqualTo(1);
  }

  @Test
  void testExamplesLieAtAPathOfTheirOwn() throws IOException {
    writeArrays(0, row(0.0, 1.0), row(4.0, 2.0));
    Path test = directory.resolve("test.parquet");
    Files.move(part(0), test);
    writeArrays(0, row(5.0, 3.0), row(0.0, 4.0), row(1.0, 5.0));

    Dataset dataset = load("features: pixels, label: label, test: '%s'".formatted(test));

    assertThat(dataset.training().size()).isEqualTo(3);
    assertThat(dataset.test().size()).isEqualTo(2);
    assertThat(dataset.test().classes()).isEqualTo(6);
    assertThat(numbers(dataset.test(), 1)).containsExactly(2);
  }

  @Test
  void aFractionOfTheExamplesIsDrawnForTheTestAndTheOthersKeepTheirOrder() throws IOException {
    writeArrays(
        0,
        IntStream.range(0, 40).mapToObj(i -> row(i % 2 + 0.0, i + 0.0)).toArray(Object[][]::new));
    String columns = "features: pixels, label: label, test: {fraction: 0.25";

    Dataset dataset = load(columns + "}");

    assertThat(dataset.test().size()).isEqualTo(10);
    List<Float> training = firsts(dataset.training());
    assertThat(training).hasSize(30).isSorted();
    assertThat(Stream.concat(training.stream(), firsts(dataset.test()).stream()))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 40).mapToObj(i -> (float) i).toList());
    assertThat(firsts(load(columns + ", seed: 1}").test())).isEqualTo(firsts(dataset.test()));
    assertThat(firsts(load(columns + ", seed: 2}").test())).isNotEqualTo(firsts(dataset.test()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", test: {fraction: 0.25}", ", shape: [1, 1, 2]"})
  void theDriverOfAClusterSeesLabelsAndFingerprintsWithoutTheNumbers(String more)
      throws IOException {
    writeArrays(
        0,
        IntStream.range(0, 40)
            .mapToObj(i -> row(i % 2 + 0.0, i + 0.0, 7.5))
            .toArray(Object[][]::new));
    DatasetSource source = source("features: pixels, label: label" + more);

    Dataset outline = source.outline();

    Dataset whole = source.load();
    assertThat(outline.shape()).isEqualTo(whole.shape());
    assertThat(outline.training().fingerprint()).isEqualTo(whole.training().fingerprint());
    assertThat(outline.test().fingerprint()).isEqualTo(whole.test().fingerprint());
    assertThat(outline.training().label(1)).isEqualTo(whole.training().label(1));
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> outline.training().copy(0, new float[2], 0))
        .withMessageEndingWith("without their numbers");
  }

  private static List<Float> firsts(Examples examples) {
    return IntStream.range(0, examples.size()).mapToObj(i -> numbers(examples, i)[0]).toList();
  }

  @Test
  void aDataSetIsLoadedOnceAndAgainWhenItsFilesHaveChanged() throws IOException {
    writeArrays(0, row(1.0, 10.0));
    DatasetSource source = source("features: pixels, label: label");
    Dataset first = source.load();
    assertThat(source.load()).isSameAs(first);

    writeArrays(1, row(0.0, 20.0));

    assertThat(source.load().training().size()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "features: pixels, label: label",
        "features: [a, b], label: label, classes: 7, shape: [1, 2], test: /x/y",
        "features: pixels, label: '{', shape: [3, 4, 2], test: {fraction: 0.25, seed: 9}"
      })
  void whatIsWrittenNamesTheSameDataSetAndTravelsToExecutors(String settings) throws Exception {
    DatasetSource source = source(settings);

    assertThat(DatasetSource.of(source.written())).isEqualTo(source);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(source);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(source);
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "label: label | dataset: 'features' is missing; it must be the name of a column or a list",
        "features: pixels | dataset: 'label' is missing",
        "features: [], label: label | dataset.features is a list but must be the name of a column",
        "features: {a: b}, label: label | dataset.features is a mapping but must be",
        "features: a, label: l, clases: 3 | unknown key 'clases'; did you mean 'classes'?",
        "features: a, label: l, classes: 257 | dataset.classes is '257' but must be a whole number from 1 to 256",
        "features: a, label: l, shape: [28] | shape is [28] but must be [height, width] or [height, width, channels]",
        "features: a, label: l, shape: [28, 0] | shape is [28,0] but must be [height, width]",
        "features: a, label: l, shape: [99999, 99999] | shape is [99999,99999] but must be",
        "features: a, label: l, shape: [1, 1, 1, 1] | shape is [1,1,1,1] but must be",
        "features: a, label: l, test: 3 | dataset.test is '3' but must be a path or {fraction:",
        "features: a, label: l, test: {} | dataset.test: 'fraction' is missing",
        "features: a, label: l, test: {fraction: 1} | dataset.test.fraction is '1' but must be more than 0 and less than 1",
        "features: a, label: l, idx: /x | unknown key 'idx'"
      })
  void aWrongKeyIsRefused(String settings, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> source(settings))
        .withMessageContaining(message);
  }

  /** {@code FILE} stands for the part's path. */
  private void assertRefused(String settings, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> load(settings))
        .withMessage(
            message
                .replace("FILE", directory.resolve("data/part-00000.parquet").toString())
                .replace("DIR", directory.resolve("data").toString()));
  }

  @Test
  void aPathWithoutParquetFilesIsRefused() throws IOException {
    String columns = "features: pixels, label: label";
    assertRefused(
        columns,
        "DIR: there is no such file or directory; expected a Parquet file or a directory of them");
    Files.createDirectory(directory.resolve("data"));
    assertRefused(columns, "DIR: has no files in it; expected Parquet files");
    writeArrays(0);
    assertRefused(columns, "DIR: has no rows; expected examples");
    Files.createDirectory(directory.resolve("data/label=0"));
    assertRefused(
        columns,
        "DIR: has the directory 'label=0' in it, but Parquet files must lie in one directory; write the data without partitionBy");
  }

  @Test
  void aColumnThatIsNotThereIsRefusedWithTheNearest() throws IOException {
    writeArrays(0, row(0.0, 1.0));
    assertRefused(
        "features: pixel, label: label",
        "FILE: there is no column 'pixel'; did you mean 'pixels'?; its columns are label, pixels");
    assertRefused(
        "features: label, label: label",
        "FILE: column 'label' is named twice among features and label");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "required binary x (STRING) | binary (string)",
        "required boolean x | boolean",
        "required int32 x (DATE) | int32 (date)",
        "required int64 x (DECIMAL(10,2)) | int64 (decimal(10,2))",
        "required int64 x (INTEGER(64,false)) | int64 (integer(64,false))",
        "repeated double x | repeated double",
        "required group x { required double a; required double b; } | group of (a, b)",
        "required group x (LIST) { repeated group list { required group element { required double"
            + " y; } } } | group of (list) (list)",
      })
  void aColumnThatIsNotOfNumbersIsRefused(String field, String kind) throws IOException {
    write("required int32 label; " + field + (field.endsWith("}") ? "" : ";"));
    assertRefused(
        "features: x, label: label",
        "FILE: column 'x' is of %s but must be of numbers, of arrays of numbers or of vectors of Spark ML; cast it, or index and encode it"
            .formatted(kind));
    assertRefused(
        "features: label, label: x",
        "FILE: column 'x' is of %s but must be of whole numbers, the classes; Spark ML's StringIndexer makes one of texts"
            .formatted(kind));
  }

  @Test
  void aNullIsRefusedWithItsRow() throws IOException {
    write(
        "optional double label; optional float x; " + ARRAY,
        row -> {
          row.append("label", 0.0).append("x", 1f);
          ParquetFile.addArray(row, "pixels", 1.0, 2.0);
        },
        row -> ParquetFile.addArray(row, "pixels", 1.0, null));

    assertRefused("features: x, label: label", "FILE: row 1 (from 0): column 'x' is null");
    assertRefused(
        "features: pixels, label: label",
        "FILE: row 1 (from 0): column 'pixels' has a null at place 1 (from 0)");
    write(
        "optional double label; required float x;",
        row -> row.append("label", 0.0).append("x", 1f),
        row -> row.append("x", 1f));
    assertRefused("features: x, label: label", "FILE: row 1 (from 0): column 'label' is null");
    write("required int32 label; " + ARRAY, row -> row.append("label", 0));
    assertRefused(
        "features: pixels, label: label", "FILE: row 0 (from 0): column 'pixels' is null");
  }

  @ParameterizedTest
  @CsvSource({"NaN,NaN", "Infinity,Infinity", "-Infinity,-Infinity", "1e300,1.0E300"})
  void aNumberThatNoFloatHoldsIsRefused(double number, String shown) throws IOException {
    writeArrays(0, row(0.0, 1.0, 2.0), row(0.0, 1.0, number));

    assertRefused(
        "features: pixels, label: label",
        "FILE: row 1 (from 0): column 'pixels' has %s at place 1 (from 0) but must have finite numbers in the range of float32"
            .formatted(shown));
  }

  @Test
  void rowsOfOtherLengthsAreRefused() throws IOException {
    writeArrays(0, row(0.0, 1.0, 2.0), row(0.0, 1.0));

    assertRefused(
        "features: pixels, label: label",
        "FILE: row 1 (from 0): has 1 numbers in column 'pixels' but must have 2, as the first row has");
    assertRefused(
        "features: pixels, label: label, shape: [2, 2]",
        "FILE: row 0 (from 0): has 2 numbers in column 'pixels' but must have 4, as shape [2, 2] says");
    writeArrays(0, row(0.0));
    assertRefused(
        "features: pixels, label: label",
        "FILE: row 0 (from 0): has no numbers in column 'pixels'");
  }

  @Test
  void testExamplesOfAnotherLengthAreRefused() throws IOException {
    writeArrays(0, row(0.0, 1.0, 2.0));
    Files.move(directory.resolve("data"), directory.resolve("training"));
    writeArrays(0, row(0.0, 1.0));
    String written =
        "{parquet: '%s', features: pixels, label: label, test: '%s'}"
            .formatted(directory.resolve("training"), directory.resolve("data"));

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> DatasetSource.of(written).load())
        .withMessageEndingWith(
            "data/part-00000.parquet: row 0 (from 0): has 1 numbers in column 'pixels' but must have 2, as the training examples have");
  }

  @ParameterizedTest
  @CsvSource({"-1,-1", "0.5,0.5", "256,256", "-0.25,-0.25", "1e20,1.0E20"})
  void aLabelThatIsNoClassIsRefused(double label, String shown) throws IOException {
    writeArrays(0, row(255.0, 1.0), row(label, 2.0));

    assertRefused(
        "features: pixels, label: label",
        "FILE: row 1 (from 0): column 'label' is %s but must be a class, a whole number from 0 to 255, the highest that there may be"
            .formatted(shown));
  }

  @Test
  void aLabelBeyondTheClassesIsRefused() throws IOException {
    writeArrays(0, row(2.0, 1.0), row(3.0, 2.0));
    assertRefused(
        "features: pixels, label: label, classes: 3",
        "FILE: row 1 (from 0): column 'label' is 3 but must be a class, a whole number from 0 to 2, for there are 3 classes");
    Files.move(directory.resolve("data"), directory.resolve("test"));
    writeArrays(0, row(2.0, 1.0));
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () ->
                load(
                    "features: pixels, label: label, test: '%s'"
                        .formatted(directory.resolve("test"))))
        .withMessageContaining("test/part-00000.parquet: row 1 (from 0): column 'label' is 3")
        .withMessageEndingWith("from 0 to 2, for the training examples have 3 classes");
  }

  @Test
  void aTestFractionThatTakesNothingOrAllIsRefused() throws IOException {
    writeArrays(0, row(0.0, 1.0), row(1.0, 2.0));
    assertRefused(
        "features: pixels, label: label, test: {fraction: 0.1}",
        "DIR: test.fraction 0.1 takes 0 of 2 examples but must take at least one and leave one");
  }

  /** Arrow writes a table without rows as one row group of none: here of doubles x and label. */
  @Test
  void aRowGroupWithoutRowsAddsNone() throws IOException {
    String empty =
        "UEFSMRUEGTw1ABgGc2NoZW1hFQQAFQolAhgBeAAVCiUCGAVsYWJlbAAWABkcGSwmABwVChkVBhkYAXgVABYAFgAW"
            + "ACYASQwAACYAHBUKGRUGGRgFbGFiZWwVABYAFgAWACYASQwAABYAFgAmABYAACggcGFycXVldC1jcHAt"
            + "YXJyb3cgdmVyc2lvbiAyNS4wLjEZLBwAABwAAACXAAAAUEFSMQ==";
    write(
        "required double x; required double label;",
        row -> row.append("x", 1.0).append("label", 0.0),
        row -> row.append("x", 2.0).append("label", 1.0));
    Files.write(part(1), Base64.getDecoder().decode(empty));

    assertThat(load("features: x, label: label").training().size()).isEqualTo(2);
    Files.delete(part(0));
    assertRefused("features: x, label: label", "DIR: has no rows; expected examples");
  }

  @Test
  void whatIsNoParquetFileIsRefused() throws IOException {
    writeArrays(0, row(0.0, 1.0));
    Files.writeString(directory.resolve("data/readme.txt"), "these are the pixels");

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> load("features: pixels, label: label"))
        .withMessageContaining("data/readme.txt: cannot be read as Parquet: ")
        .withMessageContaining("it is no Parquet file, or is not whole; write it as Parquet");
  }

  /** Whatever happens to the bytes, there are numbers or one sentence. */
  @Test
  void aDamagedFileIsReadOrRefusedAndNothingElse() throws IOException {
    writeArrays(
        0,
        IntStream.range(0, 200)
            .mapToObj(i -> row(i % 3 + 0.0, i / 7.0, i / 9.0, 0.0))
            .toArray(Object[][]::new));
    byte[] whole = Files.readAllBytes(part(0));
    Files.delete(directory.resolve("data/.part-00000.parquet.crc"));
    CounterRandom random = new CounterRandom(5);
    int refused = 0;
    for (int i = 0; i < 400; i++) {
      byte[] damaged =
          i % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      if (i % 4 > 0) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(part(0), damaged);
      try {
        load("features: pixels, label: label, classes: %d".formatted(3 + i % 200));
      } catch (ConfigurationException e) {
        assertThat(e).hasMessageContaining(directory.toString());
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(100);
  }

  @Test
  void theFingerprintIsThatOfTheSameFloatsInMemory() throws IOException {
    writeArrays(0, row(1.0, 0.1, 0.2), row(0.0, 0.3, 0.4));

    assertThat(load("features: pixels, label: label").training().fingerprint())
        .isEqualTo(
            new Examples(
                    new FloatFeatures(Shape.vector(2), new float[][] {{0.1f, 0.2f}, {0.3f, 0.4f}}),
                    2,
                    new byte[] {1, 0})
                .fingerprint());
  }

  @Test
  @Timeout(60)
  void aNameNodeThatDoesNotAnswerIsGivenUpAfterTheStorageTimeout() throws IOException {
    Location.of("hdfs://127.0.0.1:1/data"); // Loads Hadoop's classes.
    System.setProperty("spark.lockstep.storageTimeout", "2s");
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        LogLines log = LogLines.open()) {
      String path = "hdfs://127.0.0.1:%d/data".formatted(mute.getLocalPort());
      DatasetSource source =
          DatasetSource.read(
              Section.parse(
                  "a.yaml",
                  "dataset: {parquet: '%s', features: pixels, label: label}".formatted(path)));

      assertThatExceptionOfType(ConfigurationException.class)
          .isThrownBy(source::load)
          .withMessage(
              path
                  + ": cannot be listed: "
                  + path
                  + ": its file system did not answer for 2 s (spark.lockstep.storageTimeout) when it was to be looked up; expected a Parquet file or a directory of them");
      assertThat(log.with("to be looked up"))
          .containsExactly(
              "waiting since 1 s for %s to be looked up: its file system does not answer; giving up in 1 s"
                  .formatted(path));
    } finally {
      System.clearProperty("spark.lockstep.storageTimeout");
    }
  }
}
