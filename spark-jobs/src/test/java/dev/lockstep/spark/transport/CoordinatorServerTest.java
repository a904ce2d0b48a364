package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where coordinators listen. */
@Timeout(60)
class CoordinatorServerTest {
  private static final int FEW = 3;

  private final SmallTraining training = SmallTraining.of("epochs: 1", Dl4jEngine::new, 1);

  private CoordinatorServer serve(SparkConf conf) {
    return training.serve(training.coordinator(), conf);
  }

  private static SparkConf conf(int port) {
    return SmallTraining.conf()
        .set("spark.lockstep.port", Integer.toString(port))
        .set("spark.port.maxRetries", Integer.toString(FEW));
  }

  /** The first of some ports that nobody listens on. */
  private static int freePorts() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return Math.min(socket.getLocalPort(), 65535 - FEW);
    }
  }

  @Test
  void trainingsThatRunAtOnceTakeOnePortAfterTheOther() throws Exception {
    SparkConf conf = conf(freePorts());
    try (CoordinatorServer first = serve(conf);
        CoordinatorServer second = serve(conf)) {
      assertThat(second.invitation().port()).isGreaterThan(first.invitation().port());

      training.run(training.remote(second.invitation()));
      training.run(training.remote(first.invitation()));
    }
  }

  @Test
  void whereNoPortOfTheRangeIsFreeItSaysWhichSettingMustChange() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      int port = taken.getLocalPort();
      SparkConf conf = conf(port).set("spark.port.maxRetries", "0");

      assertThatThrownBy(() -> serve(conf))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageStartingWith(
              "the coordinator cannot listen on 127.0.0.1, port %d (spark.lockstep.port): "
                  .formatted(port))
          .hasMessageContaining("Address already in use")
          .hasMessageEndingWith(
              "set it to the first of as many free ports as trainings run at once, or to 0 for any that is free");
    }
  }

  @Test
  void anAddressThatIsNotThisMachinesIsSaidWithTheRangeOfPorts() {
    SparkConf conf = conf(65534).set("spark.driver.bindAddress", "192.0.2.1");

    assertThatThrownBy(() -> serve(conf))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith(
            "the coordinator cannot listen on 192.0.2.1, port 65534 to 65535 (spark.lockstep.port): ");
  }
}
