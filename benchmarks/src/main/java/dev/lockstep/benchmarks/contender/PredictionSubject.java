package dev.lockstep.benchmarks.contender;

import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Examples;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.Evaluation;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.SharedInput;
import dev.lockstep.spark.job.TrainingJob;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.source.InputSource;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A trained model, and the training examples as IDX files, which lie in memory when they have been
 * read once.
 *
 * @param source has them as its test examples
 * @param confusion what {@code lockstep evaluate} finds of the model on them
 */
public record PredictionSubject(
    ModelFile model, SharedInput input, DatasetSource source, ConfusionMatrix confusion) {
  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;

  /**
   * Trains as {@code task} says, and writes the examples that it learns from to {@code directory}.
   */
  public static PredictionSubject of(JavaSparkContext spark, Task task, Path directory) {
    for (String part : new String[] {"train", "t10k"}) {
      write(directory, part, task.data().training().select(task.data().split().training()));
    }
    Training training = Training.of(task.configuration(), task.data().dataset(), Optional.empty());
    TrainingResult result = Gang.of(training, 2).run(spark);
    ModelFile model =
        ModelFile.of(
            "model.zip",
            TrainingJob.archive(
                task.configuration(),
                training.network(),
                SelectedEngine.of(task.configuration().engine(), training.network()),
                2,
                result,
                ""));
    DatasetSource source = DatasetSource.of(directory.toString());
    SharedInput input =
        new SharedInput(
            InputSource.of(
                directory.resolve("t10k-images-idx3-ubyte").toString(),
                Optional.of(directory.resolve("t10k-labels-idx1-ubyte").toString()),
                Optional.empty()),
            model.classes());
    return new PredictionSubject(
        model, input, source, Evaluation.run(spark, model, source).confusion());
  }

  private static void write(Path directory, String part, Examples examples) {
    try (DataOutputStream images = open(directory.resolve(part + "-images-idx3-ubyte"));
        DataOutputStream labels = open(directory.resolve(part + "-labels-idx1-ubyte"))) {
      images.writeInt(IMAGES);
      images.writeInt(examples.size());
      images.writeInt(examples.shape().height());
      images.writeInt(examples.shape().width());
      labels.writeInt(LABELS);
      labels.writeInt(examples.size());
      float[] pixels = new float[examples.shape().size()];
      for (int i = 0; i < examples.size(); i++) {
        examples.copy(i, pixels, 0);
        for (float pixel : pixels) {
          images.write(Math.round(pixel * 255));
        }
        labels.write(examples.label(i));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
  }
}
