package dev.lockstep.spark.storage;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.client.HdfsClientConfigKeys.BlockWrite;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import scala.Tuple2;

/**
 * How Hadoop's file systems are configured, by Spark's settings {@code spark.hadoop.*} and Hadoop's
 * own files, which are read once and not by each who asks. Safe for use by many threads.
 */
public final class HadoopConfiguration {
  private static volatile Reading last;

  private HadoopConfiguration() {}

  /**
   * What was read, which nobody changes.
   *
   * @param settings of Spark, and
   * @param loader of the thread's classes and files, that it is for
   */
  private record Reading(
      List<Tuple2<String, String>> settings, ClassLoader loader, Configuration hadoop) {
    boolean isFor(List<Tuple2<String, String>> others, ClassLoader other) {
      return loader == other && settings.equals(others);
    }
  }

  /**
   * A copy of what counts now, for the caller to change. A client of HDFS that closes a file, or
   * begins its next block, asks the name node whether the last block has come, and asks again after
   * 400 ms, twice that, and so on, where one or two ms would do. Unless either is configured it
   * begins with 10 ms here, and doubles that more often, so that it gives up no sooner.
   */
  public static Configuration current() {
    SparkEnv spark = SparkEnv.get();
    SparkConf conf = spark == null ? new SparkConf() : spark.conf();
    List<Tuple2<String, String>> settings = List.of(conf.getAll());
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    Reading found = last;
    if (found == null || !found.isFor(settings, loader)) {
      found = new Reading(settings, loader, read(conf));
      last = found;
    }
    return new Configuration(found.hadoop);
  }

  private static Configuration read(SparkConf conf) {
    HdfsConfiguration.init(); // Otherwise its files count only once HDFS was used.
    Configuration hadoop = SparkHadoopUtil.get().newConfiguration(conf);
    String delay = BlockWrite.LOCATEFOLLOWINGBLOCK_INITIAL_DELAY_MS_KEY;
    String retries = BlockWrite.LOCATEFOLLOWINGBLOCK_RETRIES_KEY;
    if (isDefault(hadoop, delay) && isDefault(hadoop, retries)) {
      hadoop.setInt(delay, 10);
      hadoop.setInt(retries, 11);
    }
    return hadoop;
  }

  private static boolean isDefault(Configuration hadoop, String key) {
    String[] sources = hadoop.getPropertySources(key);
    return sources == null || sources[0].equals("hdfs-default.xml");
  }
}
