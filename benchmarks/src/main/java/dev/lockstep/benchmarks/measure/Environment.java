package dev.lockstep.benchmarks.measure;

import dev.lockstep.spark.job.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.apache.spark.package$;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * The facts that figures depend on: this machine and the versions of what computes.
 *
 * @param system name of the operating system
 * @param versions of Java, Spark and DL4J
 */
public record Environment(Machine machine, String system, String versions) {
  /** What this runs in. */
  public static Environment here() {
    return new Environment(
        Machine.here(),
        System.getProperty("os.name"),
        "Java %s, Spark %s, DL4J %s"
            .formatted(Runtime.version(), package$.MODULE$.SPARK_VERSION(), dl4jVersion()));
  }

  /** As Maven wrote it into DL4J's jar. */
  private static String dl4jVersion() {
    String file = "/META-INF/maven/org.deeplearning4j/deeplearning4j-nn/pom.properties";
    try (InputStream in = MultiLayerNetwork.class.getResourceAsStream(file)) {
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All of it in one line. */
  public String line() {
    return "%s, %s, %s".formatted(machine, system, versions);
  }
}
