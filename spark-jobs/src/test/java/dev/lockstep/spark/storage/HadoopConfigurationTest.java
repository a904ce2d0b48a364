package dev.lockstep.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.client.HdfsClientConfigKeys.BlockWrite;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HadoopConfigurationTest {
  @Test
  void aClientOfHdfsAsksSoonWhetherAFileIsWholeAndGivesUpNoSoonerThanByDefault() {
    Configuration hadoop = HadoopConfiguration.current();

    assertThat(delay(hadoop)).isEqualTo(10);
    assertThat(doubled(delay(hadoop), retries(hadoop)))
        .isGreaterThan(
            doubled(
                BlockWrite.LOCATEFOLLOWINGBLOCK_INITIAL_DELAY_MS_DEFAULT,
                BlockWrite.LOCATEFOLLOWINGBLOCK_RETRIES_DEFAULT));
  }

  @ParameterizedTest
  @CsvSource({
    BlockWrite.LOCATEFOLLOWINGBLOCK_INITIAL_DELAY_MS_KEY + ", 700, 700, 5",
    BlockWrite.LOCATEFOLLOWINGBLOCK_RETRIES_KEY + ", 8, 400, 8"
  })
  void howAClientOfHdfsAsksIsLeftAsItIsConfigured(
      String key, String value, int delay, int retries) {
    String setting = "spark.hadoop." + key;
    System.setProperty(setting, value);
    try {
      Configuration hadoop = HadoopConfiguration.current();

      assertThat(delay(hadoop)).isEqualTo(delay);
      assertThat(retries(hadoop)).isEqualTo(retries);
    } finally {
      System.clearProperty(setting);
    }
  }

  @Test
  void whatOneCallerChangesNoOtherSees() {
    HadoopConfiguration.current().set("fs.s3a.endpoint", "elsewhere");

    assertThat(HadoopConfiguration.current().get("fs.s3a.endpoint")).isNotEqualTo("elsewhere");
  }

  @Test
  void classesAreFoundAsTheThreadFindsThem() throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    Configuration there = HadoopConfiguration.current();
    try (URLClassLoader another = new URLClassLoader(new URL[0], before)) {
      thread.setContextClassLoader(another);

      assertThat(HadoopConfiguration.current().getClassLoader()).isSameAs(another);
    } finally {
      thread.setContextClassLoader(before);
    }
    assertThat(HadoopConfiguration.current().getClassLoader()).isSameAs(there.getClassLoader());
  }

  @Test
  void aFileOfDefaultsThatALibraryAddsLaterCounts() {
    assertThat(HadoopConfiguration.current().get("lockstep.test.late")).isNull();

    Configuration.addDefaultResource("dev/lockstep/spark/storage/late-defaults.xml");

    assertThat(HadoopConfiguration.current().get("lockstep.test.late")).isEqualTo("here");
  }

  private static int delay(Configuration hadoop) {
    return hadoop.getInt(
        BlockWrite.LOCATEFOLLOWINGBLOCK_INITIAL_DELAY_MS_KEY,
        BlockWrite.LOCATEFOLLOWINGBLOCK_INITIAL_DELAY_MS_DEFAULT);
  }

  private static int retries(Configuration hadoop) {
    return hadoop.getInt(
        BlockWrite.LOCATEFOLLOWINGBLOCK_RETRIES_KEY,
        BlockWrite.LOCATEFOLLOWINGBLOCK_RETRIES_DEFAULT);
  }

  /** Milliseconds of so many delays, each twice the one before. */
  private static long doubled(long first, int times) {
    return first * ((1L << times) - 1);
  }
}
