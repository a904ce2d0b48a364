package dev.lockstep.benchmarks.measure;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.spark.package$;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * The facts that figures depend on: this machine and the versions of what computes.
 *
 * @param processor its model, or its architecture where the system does not tell
 * @param cores that Java may use
 * @param system name of the operating system
 * @param versions of Java, Spark and DL4J
 */
public record Machine(String processor, int cores, String system, String versions) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** The machine that this runs on. */
  public static Machine here() {
    return new Machine(
        model(),
        Runtime.getRuntime().availableProcessors(),
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

  private static String model() {
    if (Files.isReadable(CPU_INFO)) {
      try (Stream<String> lines = Files.lines(CPU_INFO)) {
        return lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
      } catch (IOException e) {
        return System.getProperty("os.arch");
      }
    }
    return System.getProperty("os.arch");
  }

  /** All of it in one line. */
  public String line() {
    String plural = cores == 1 ? "" : "s";
    return "%s, %d core%s, %s, %s".formatted(processor, cores, plural, system, versions);
  }
}
