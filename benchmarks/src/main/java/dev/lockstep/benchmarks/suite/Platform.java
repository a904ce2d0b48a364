package dev.lockstep.benchmarks.suite;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What a suite runs on.
 *
 * @param end ends what Spark itself runs on
 */
record Platform(JavaSparkContext spark, Runnable end) implements AutoCloseable {
  /** Spark in this process, for {@code slots} tasks at once. */
  static Platform local(int slots) {
    return new Platform(
        new JavaSparkContext(
            settings("local[" + slots + "]")
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator")
                .set("spark.driver.host", "localhost")),
        () -> {});
  }

  /** What every suite sets. */
  static SparkConf settings(String master) {
    return new SparkConf()
        .setAppName("lockstep benchmarks")
        .setMaster(master)
        .set("spark.ui.enabled", "false")
        .set("spark.scheduler.mode", "FAIR")
        .set("spark.driver.bindAddress", "127.0.0.1");
  }

  @Override
  public void close() {
    spark.close();
    end.run();
  }
}
