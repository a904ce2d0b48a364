package dev.lockstep.spark.job;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The software that runs here. */
public record Versions(String lockstep, String spark, String dl4j, String java, String os) {
  /** Those of this process. */
  public static Versions current() {
    Properties built = new Properties();
    try (InputStream resource = Versions.class.getResourceAsStream("versions.properties")) {
      built.load(resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Versions(
        built.getProperty("lockstep"),
        org.apache.spark.package$.MODULE$.SPARK_VERSION(),
        built.getProperty("dl4j"),
        "%s (%s)".formatted(Runtime.version(), System.getProperty("java.vendor")),
        "%s %s (%s)"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
  }
}
