package dev.lockstep.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.source.ParquetRows.Label;
import dev.lockstep.spark.source.ParquetRows.Length;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.split.HoldOut;
import dev.lockstep.split.Split;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Columns of Parquet files. Their rows are taken in the order of the files' names and of the rows
 * in each, whoever reads them and how.
 *
 * @param training absolute path or URI of a file or a directory of files
 * @param label the column of classes
 * @param classes how many there are; 0 for as many as the highest training label and one
 */
record ParquetDataset(
    String training, ParquetColumns columns, String label, int classes, TestExamples test)
    implements DatasetSource {
  /** What tells that a mapping is of this kind, and its path. */
  static final String KEY = "parquet";

  private static final long DEFAULT_SEED = 1;

  /** Where test examples come from. */
  sealed interface TestExamples extends Serializable {}

  /** There are none. */
  record NoTest() implements TestExamples {}

  /** They lie at an absolute path or URI, in the same columns. */
  record TestAt(String path) implements TestExamples {}

  /**
   * They are drawn from the training examples, which lose them.
   *
   * @param fraction more than 0 and less than 1
   * @param seed what the draw comes from: not a training's, so that all trainings on the data set
   *     are tested on the same examples
   */
  record TestFraction(double fraction, long seed) implements TestExamples {}

  /**
   * Reads {@code parquet} (a path), {@code features} and {@code shape} (see {@link
   * ParquetColumns}), {@code label} (a column), {@code classes} (from 1 to 256; inferred) and
   * {@code test} (a path, or {@code {fraction: 0.1, seed: 1}}; none).
   *
   * @throws ConfigurationException if a key is missing or unknown, or a value cannot be used
   */
  static ParquetDataset read(Section section) {
    String training = Location.of(section.text(KEY)).absolute();
    ParquetColumns columns = ParquetColumns.read(section);
    String label = section.text("label");
    int classes = (int) section.whole("classes", 0, 1, Examples.MOST_CLASSES);
    TestExamples test = readTest(section);
    section.done();
    return new ParquetDataset(training, columns, label, classes, test);
  }

  private static TestExamples readTest(Section section) {
    JsonNode value = section.value("test");
    if (value.isMissingNode()) {
      return new NoTest();
    }
    if (!value.isObject()) {
      if (!value.isTextual()) {
        throw section.wrong("test", value, "a path or {fraction: <part of the examples>}");
      }
      return new TestAt(Location.of(value.asText()).absolute());
    }
    Section test = section.section("test");
    if (!test.has("fraction")) {
      throw test.missing("fraction", "more than 0 and less than 1");
    }
    double fraction =
        test.number("fraction", 0, "more than 0 and less than 1", f -> f > 0 && f < 1);
    long seed = test.whole("seed", DEFAULT_SEED, 0, Long.MAX_VALUE);
    test.done();
    return new TestFraction(fraction, seed);
  }

  @Override
  public String written() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put(KEY, training);
    columns.write(tree);
    tree.put("label", label);
    if (classes > 0) {
      tree.put("classes", classes);
    }
    if (test instanceof TestAt at) {
      tree.put("test", at.path());
    } else if (test instanceof TestFraction part) {
      tree.putObject("test").put("fraction", part.fraction()).put("seed", part.seed());
    }
    return tree.toString();
  }

  @Override
  public Dataset load() {
    ParquetTable own = ParquetTable.at(training);
    Optional<ParquetTable> others = others();
    List<StoredFile> files = new ArrayList<>(own.stored());
    others.ifPresent(table -> files.addAll(table.stored()));
    return DatasetCache.SHARED.get(this, files, () -> read(own, others, false));
  }

  @Override
  public Dataset outline() {
    return read(ParquetTable.at(training), others(), true);
  }

  private Optional<ParquetTable> others() {
    return test instanceof TestAt at ? Optional.of(ParquetTable.at(at.path())) : Optional.empty();
  }

  private Dataset read(ParquetTable own, Optional<ParquetTable> others, boolean outlined) {
    Label wanted =
        classes > 0
            ? new Label(label, classes - 1, "for there are %d classes".formatted(classes))
            : new Label(label, Examples.MOST_CLASSES - 1, "the highest that there may be");
    ParquetRows rows = new ParquetRows(columns, Optional.of(wanted), Optional.empty(), outlined);
    own.read(rows);
    int inferred = classes > 0 ? classes : rows.highest() + 1;
    Examples all = new Examples(rows.features(), inferred, rows.labels());
    if (others.isPresent()) {
      return new Dataset(own.name(), all, test(others.get(), all, outlined));
    }
    if (test instanceof TestFraction part) {
      return split(own.name(), all, part);
    }
    return new Dataset(own.name(), all, all.select(new int[0]));
  }

  private Examples test(ParquetTable table, Examples training, boolean outlined) {
    int classes = training.classes();
    Label wanted =
        new Label(
            label, classes - 1, "for the training examples have %d classes".formatted(classes));
    Length length = new Length(training.shape().size(), "as the training examples have");
    ParquetRows rows = new ParquetRows(columns, Optional.of(wanted), Optional.of(length), outlined);
    table.read(rows);
    return new Examples(rows.features(), classes, rows.labels());
  }

  private static Dataset split(String name, Examples all, TestFraction part) {
    long count = Math.round(part.fraction() * all.size());
    if (count == 0 || count == all.size()) {
      throw new ConfigurationException(
          "%s: test.fraction %s takes %d of %d examples but must take at least one and leave one"
              .formatted(name, part.fraction(), count, all.size()));
    }
    Split split = new HoldOut(0, part.fraction(), HoldOut.Select.SHUFFLED).split(all, part.seed());
    return new Dataset(name, all.select(split.training()), all.select(split.validation()));
  }
}
