package dev.lockstep.spark.ml;

import dev.lockstep.model.ModelDescription;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.storage.HadoopConfiguration;
import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.classification.ProbabilisticClassificationModel;
import org.apache.spark.ml.linalg.DenseVector;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsReader$;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.Tuple3;
import scala.collection.Seq;

/**
 * A network that {@link NetworkClassifier} has trained. {@code transform} predicts a batch of rows
 * at a time. The column {@code probability} holds the outputs of the last layer, of one unit those
 * of both classes, divided by their sum; {@code rawPrediction} their natural logarithms, in which
 * zero counts as {@link Float#MIN_NORMAL}; {@code prediction} the class with the highest
 * probability (by {@code thresholds}, if they are set).
 *
 * <p>A saved model is a directory of {@code metadata}, as Spark writes it, and {@code model.zip},
 * which {@code lockstep predict} and DL4J open too.
 */
public final class NetworkClassificationModel
    extends ProbabilisticClassificationModel<Vector, NetworkClassificationModel>
    implements MLWritable {
  private static final long serialVersionUID = 1L;

  private final String uid;

  private final ModelFile file;
  private final int classes;
  private final int features;

  /** What single vectors are predicted with, opened at the first. */
  private transient VectorPredictor predictor;

  /** For every {@code transform} of this object; Spark drops it when nothing refers to it. */
  private transient Broadcast<ModelFile> shared;

  NetworkClassificationModel(String uid, ModelFile file) {
    this(HandedUid.of(uid), file);
  }

  private NetworkClassificationModel(HandedUid handed, ModelFile file) {
    this.uid = handed.taken();
    ModelDescription description = file.description().orElseThrow();
    this.file = file;
    this.classes = description.classes();
    this.features = description.inputShape().size();
  }

  @Override
  public String uid() {
    return uid == null ? HandedUid.underWay() : uid;
  }

  @Override
  public int numClasses() {
    return classes;
  }

  @Override
  public int numFeatures() {
    return features;
  }

  /** One more column for each of the output columns that has a name. */
  @Override
  public Dataset<Row> transform(Dataset<?> frame) {
    StructType schema = transformSchema(frame.schema(), true);
    if (isDefined(thresholds()) && getThresholds().length != classes) {
      throw new IllegalArgumentException(
          "%s: thresholds has %d numbers but must have one for each of %d classes"
              .formatted(uid(), getThresholds().length, classes));
    }
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(frame.sparkSession().sparkContext());
    Encoder<InternalRow> rows = CatalystRows.encoder(frame.schema(), schema);
    Dataset<InternalRow> predicted =
        frame
            .as(rows)
            .mapPartitions(
                new RowPrediction(
                    shared(spark),
                    schema.fieldIndex(getFeaturesCol()),
                    place(schema, getRawPredictionCol()),
                    place(schema, getProbabilityCol()),
                    place(schema, getPredictionCol()),
                    frame.schema().length(),
                    schema.length(),
                    isDefined(thresholds()) ? getThresholds() : new double[0]),
                rows);
    return withMetadata(predicted, schema);
  }

  /** An encoder forgets what Spark ML has written to a column, such as its classes' names. */
  private static Dataset<Row> withMetadata(Dataset<InternalRow> frame, StructType schema) {
    Seq<Attribute> attributes = frame.queryExecution().analyzed().output();
    Column[] columns = new Column[schema.length()];
    for (int i = 0; i < columns.length; i++) {
      StructField field = schema.apply(i);
      columns[i] = new Column(attributes.apply(i)).as(field.name(), field.metadata());
    }
    return frame.select(columns);
  }

  private static int place(StructType schema, String column) {
    return column.isEmpty() ? RowPrediction.NOWHERE : schema.fieldIndex(column);
  }

  private synchronized Broadcast<ModelFile> shared(JavaSparkContext spark) {
    if (shared == null || !shared.isValid()) {
      shared = spark.broadcast(file);
    }
    return shared;
  }

  @Override
  public synchronized Vector predictRaw(Vector vector) {
    if (predictor == null) {
      predictor = new VectorPredictor(file);
    }
    return Vectors.dense(
        VectorPredictor.logarithms(
            predictor.probabilities(List.of(predictor.numbers(vector))).get(0)));
  }

  @Override
  public Vector raw2probabilityInPlace(Vector raw) {
    double[] values = ((DenseVector) raw).values();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.exp(values[i]);
    }
    double sum = Arrays.stream(values).sum();
    for (int i = 0; i < values.length; i++) {
      values[i] /= sum;
    }
    return raw;
  }

  /**
   * For summaries, of which this model has none. Spark's two declarations of it differ for Java,
   * and so it must be here.
   */
  @Override
  @SuppressWarnings({"rawtypes", "unchecked"})
  public Tuple3 findSummaryModel() {
    return new Tuple3<>(this, getProbabilityCol(), getPredictionCol());
  }

  @Override
  public NetworkClassificationModel copy(ParamMap extra) {
    NetworkClassificationModel copy = new NetworkClassificationModel(uid(), file);
    return copyValues(copy, extra).setParent(parent());
  }

  @Override
  public MLWriter write() {
    return new Writer(this);
  }

  /** Reads what {@link #write} wrote; Spark's pipelines call it by this name. */
  public static MLReader<NetworkClassificationModel> read() {
    return new Reader();
  }

  /** The model that was saved in the directory {@code path}. */
  public static NetworkClassificationModel load(String path) {
    return read().load(path);
  }

  /**
   * Where Spark's own files of a stage lie: on its default file system unless {@code path} says.
   */
  private static String qualified(String path) {
    try {
      Path written = new Path(path);
      return written.getFileSystem(HadoopConfiguration.current()).makeQualified(written).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Writer extends MLWriter {
    private final NetworkClassificationModel model;

    Writer(NetworkClassificationModel model) {
      this.model = model;
    }

    @Override
    public void saveImpl(String path) {
      DefaultParamsWriter.saveMetadata(model, path, sc(), Option.empty(), Option.empty());
      try {
        Location.of(qualified(path)).child(ModelFile.NAME).write(model.file::write);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class Reader extends MLReader<NetworkClassificationModel> {
    @Override
    public NetworkClassificationModel load(String path) {
      DefaultParamsReader.Metadata metadata =
          DefaultParamsReader$.MODULE$.loadMetadata(
              path, sc(), NetworkClassificationModel.class.getName());
      NetworkClassificationModel model =
          new NetworkClassificationModel(metadata.uid(), ModelFile.read(qualified(path)));
      metadata.getAndSetParams(model, Option.empty());
      return model;
    }
  }
}
