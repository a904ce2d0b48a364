package dev.lockstep.spark.job;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Engine;
import dev.lockstep.network.Network;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.TaskMemory;
import dev.lockstep.spark.storage.HadoopConfiguration;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.worker.BatchPredictor;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.NullWritable;
import org.apache.hadoop.io.Text;
import org.apache.parquet.hadoop.ParquetOutputFormat;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Applies a model to the inputs of files, as a Spark job. Of each input there is its number, from 0
 * in the order of the files; its true class, where that is known; the predicted class; and the
 * probability of each class.
 */
public final class Prediction {
  private static final Logger LOG = LoggerFactory.getLogger(Prediction.class);

  private final JavaSparkContext spark;
  private final ModelFile model;
  private final SharedInput input;
  private final Network network;
  private final int size;
  private final int tasks;

  private Prediction(
      JavaSparkContext spark, ModelFile model, SharedInput input, Network network, int size) {
    this.spark = spark;
    this.model = model;
    this.input = input;
    this.network = network;
    this.size = size;
    int batches = Math.max(1, size / BatchPredictor.BATCH);
    this.tasks = Math.min(Slots.of(spark), batches);
  }

  /** What the predictions are written as. */
  public enum Format {
    /** Comma-separated values, each file with a heading. */
    CSV,
    /** With a column {@code probabilities}, an array. */
    PARQUET;

    /** The word for it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The prediction of what {@code model} makes of {@code input}.
   *
   * @throws ConfigurationException if the inputs are missing, or not what the model takes
   */
  public static Prediction of(JavaSparkContext spark, ModelFile model, SharedInput input) {
    Examples known = spark.isLocal() ? input.examples() : input.outline();
    Network network = model.open(known.shape(), OptionalInt.empty()).network();
    return new Prediction(spark, model, input, network, known.size());
  }

  /**
   * Prints them as one file of CSV. All of them are held in memory.
   *
   * @param out is flushed in the end, and stays open
   */
  public void print(PrintWriter out) {
    Broadcast<ModelFile> shared = spark.broadcast(model);
    SharedInput inputs = input;
    int parts = tasks;
    try {
      List<String> lines =
          JobWatch.run(
              spark,
              described(),
              WorkerLoss.DEFAULT.replacementTimeout(),
              () ->
                  ranks()
                      .mapPartitions(ranks -> lines(Rows.of(shared.value(), inputs, ranks, parts)))
                      .collect());
      out.print(new PredictedRow(network.classes(), input.labelled()).csvHeading() + '\n');
      lines.forEach(out::print);
      out.flush();
    } finally {
      shared.destroy();
    }
  }

  /** All lines of a task as one text. */
  private static Iterator<String> lines(Rows rows) {
    StringBuilder all = new StringBuilder();
    StringBuilder line = new StringBuilder();
    rows.forEachRemaining(row -> all.append(row.csv(line)).append('\n'));
    return List.of(all.toString()).iterator();
  }

  /**
   * Writes them to files in the directory {@code output}, each task its own, by Spark's committer,
   * with a file {@code _SUCCESS} at last. They are written beside it, in a directory of their own,
   * which gets its name when they are whole. One that is replaced is set aside before that and
   * deleted after it.
   *
   * @param overwrite whether a directory that is there is replaced
   * @throws ConfigurationException if there is one that is not, or a file
   * @throws UncheckedIOException if it cannot be written, or another has written it meanwhile; the
   *     directory that was there is there then, or where directories are not renamed at once beside
   *     it, under the name that the log says
   */
  public void write(Location output, Format format, boolean overwrite) {
    if (exists(output) && !overwrite) {
      throw new ConfigurationException(
          "%s is there already; name another directory".formatted(output));
    }
    Location unfinished = beside(output, "unfinished");
    Broadcast<ModelFile> shared = spark.broadcast(model);
    try {
      JobWatch.run(
          spark,
          described(),
          WorkerLoss.DEFAULT.replacementTimeout(),
          () -> {
            save(shared, unfinished.hadoopPath().toString(), format);
            return unfinished;
          });
      put(unfinished, output, overwrite);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot write %s: %s".formatted(output, Location.reason(e)), e);
    } finally {
      shared.destroy();
      delete(unfinished);
    }
  }

  /**
   * Whether there is a directory at {@code output}.
   *
   * @throws ConfigurationException if there is a file
   */
  public static boolean exists(Location output) {
    try {
      return output.files().isPresent();
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s cannot become a directory: %s".formatted(output, Location.reason(e)), e);
    }
  }

  private void save(Broadcast<ModelFile> shared, String directory, Format format) {
    Configuration hadoop = HadoopConfiguration.current();
    SharedInput inputs = input;
    int parts = tasks;
    if (format == Format.PARQUET) {
      hadoop.setBoolean(PredictedRowSupport.LABELLED, inputs.labelled());
      hadoop.set(ParquetOutputFormat.WRITE_SUPPORT_CLASS, PredictedRowSupport.class.getName());
      hadoop.set(ParquetOutputFormat.COMPRESSION, CompressionCodecName.SNAPPY.name());
      // Hardly two probabilities are the same.
      hadoop.setBoolean(
          ParquetOutputFormat.ENABLE_DICTIONARY + "#probabilities.list.element", false);
      ranks()
          .mapPartitionsToPair(ranks -> rows(Rows.of(shared.value(), inputs, ranks, parts)))
          .saveAsNewAPIHadoopFile(
              directory, Void.class, PredictedRow.class, ParquetOutputFormat.class, hadoop);
    } else {
      ranks()
          .mapPartitionsToPair(ranks -> texts(Rows.of(shared.value(), inputs, ranks, parts)))
          .saveAsNewAPIHadoopFile(
              directory, NullWritable.class, Text.class, CsvOutputFormat.class, hadoop);
    }
  }

  private static Iterator<Tuple2<Void, PredictedRow>> rows(Rows rows) {
    Tuple2<Void, PredictedRow> pair = new Tuple2<>(null, rows.row);
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Tuple2<Void, PredictedRow> next() {
        rows.next();
        return pair;
      }
    };
  }

  /** A heading, then a line a row. */
  private static Iterator<Tuple2<NullWritable, Text>> texts(Rows rows) {
    Text text = new Text(rows.row.csvHeading());
    Tuple2<NullWritable, Text> pair = new Tuple2<>(NullWritable.get(), text);
    StringBuilder line = new StringBuilder();
    return new Iterator<>() {
      private boolean headed;

      @Override
      public boolean hasNext() {
        return !headed || rows.hasNext();
      }

      @Override
      public Tuple2<NullWritable, Text> next() {
        if (headed) {
          text.set(rows.next().csv(line).toString());
        }
        headed = true;
        return pair;
      }
    };
  }

  private static Location beside(Location output, String what) {
    return Location.of("%s.%s-%s".formatted(output.absolute(), what, UUID.randomUUID()));
  }

  /**
   * Gives {@code whole} the name of {@code output}. At each moment the old directory and the new
   * one are both whole, under some name; if this fails the old one has its own again, or where
   * directories are not renamed at once the one that the log names.
   */
  static void put(Location whole, Location output, boolean overwrite) throws IOException {
    Optional<Location> old = Optional.empty();
    if (overwrite && exists(output)) {
      old = Optional.of(beside(output, "replaced"));
      output.rename(old.get().name());
    }
    try {
      whole.rename(output.name());
    } catch (IOException | RuntimeException | Error e) {
      if (old.isPresent()) {
        restore(old.get(), output, e);
      }
      throw e;
    }
    if (old.isPresent()) {
      delete(old.get());
    }
  }

  private static void restore(Location old, Location output, Throwable error) {
    try {
      old.rename(output.name());
    } catch (IOException | RuntimeException e) {
      LOG.warn("what was in {} is in {} now: {}", output, old, e.toString());
      error.addSuppressed(e);
    }
  }

  /** Late tasks of a job that has failed may leave some. */
  private static void delete(Location remains) {
    try {
      remains.delete();
    } catch (IOException e) {
      LOG.warn("{} cannot be deleted: {}", remains, Location.reason(e));
    }
  }

  private JavaRDD<Integer> ranks() {
    return spark.parallelize(IntStream.range(0, tasks).boxed().toList(), tasks);
  }

  private String described() {
    return "the predictions of %d inputs".formatted(size);
  }

  /** The rows of one task, predicted a batch at a time; all of them are one object. */
  private static final class Rows implements Iterator<PredictedRow> {
    private final Examples examples;
    private final BatchPredictor predictor;
    private final int units;
    private final int[] indices;
    private final PredictedRow row;
    private float[] outputs;
    private int next;
    private int predicted;

    private Rows(
        Examples examples, Network network, Engine engine, int[] indices, boolean labelled) {
      this.examples = examples;
      this.predictor = new BatchPredictor(network, engine::predict);
      this.units = network.outputs();
      this.indices = indices;
      this.row = new PredictedRow(network.classes(), labelled);
    }

    /** The rows of the one of {@code ranks}, of {@code tasks}. */
    private static Rows of(ModelFile file, SharedInput input, Iterator<Integer> ranks, int tasks) {
      return TaskMemory.guard("the prediction", () -> open(file, input, ranks, tasks));
    }

    private static Rows open(
        ModelFile file, SharedInput input, Iterator<Integer> ranks, int tasks) {
      Examples examples = input.examples();
      TrainedModel model = file.open(examples.shape(), OptionalInt.empty());
      Engine engine = Evaluation.openForPrediction(model);
      TaskContext.get().addTaskCompletionListener(closing(engine));
      int size = examples.size();
      int rank = ranks.next();
      int from = (int) ((long) size * rank / tasks);
      int to = (int) ((long) size * (rank + 1) / tasks);
      return new Rows(
          examples, model.network(), engine, IntStream.range(from, to).toArray(), input.labelled());
    }

    private static TaskCompletionListener closing(Engine engine) {
      return task -> engine.close();
    }

    @Override
    public boolean hasNext() {
      return next < indices.length;
    }

    @Override
    public PredictedRow next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      if (next == predicted) {
        predicted = Math.min(next + BatchPredictor.BATCH, indices.length);
        outputs =
            TaskMemory.guard(
                "the prediction", () -> predictor.predict(examples, indices, next, predicted));
      }
      int example = indices[next];
      int place = next % BatchPredictor.BATCH;
      next++;
      return row.set(example, examples.label(example), outputs, place * units, units);
    }
  }
}
