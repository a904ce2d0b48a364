package dev.lockstep.spark.ml;

import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.sql.SparkSession;

/** Loads a cross-validator's model and writes its predictions, in a process of its own. */
final class PredictingProcess {
  private PredictingProcess() {}

  /** Arguments: the model, the Parquet of rows, where predictions go. */
  public static void main(String[] arguments) {
    try (SparkSession spark = MnistFrame.spark()) {
      CrossValidatorModel.load(arguments[0])
          .transform(spark.read().parquet(arguments[1]))
          .select("id", "probability", "prediction")
          .write()
          .parquet(arguments[2]);
    }
  }
}
