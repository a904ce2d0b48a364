package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.time.Duration;
import org.apache.spark.SparkConf;
import org.apache.spark.network.buffer.NioManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.apache.spark.network.util.TransportConf;
import scala.Option;

/** What both ends of a connection must do alike. */
final class Wire {
  private static final String MODULE = "lockstep";

  private Wire() {}

  /**
   * Spark's transport as both ends set it: never without authentication, and never falling back to
   * a weaker one.
   *
   * @param threads that read and write
   * @throws UnsupportedOperationException on a machine whose floats are not little-endian
   */
  static TransportConf conf(SparkConf spark, boolean encrypted, Duration timeout, int threads) {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "this machine is big-endian, but vectors are sent as little-endian floats; use --master local[*] here");
    }
    String attempt = Math.max(1, WorkerLoss.patience(timeout).toSeconds()) + "s";
    SparkConf conf =
        spark
            .clone()
            .set("spark.network.crypto.enabled", Boolean.toString(encrypted))
            .set("spark.network.crypto.saslFallback", "false")
            .set("spark.network.crypto.cipher", "AES/CTR/NoPadding")
            .set("spark.network.crypto.authEngineVersion", "2")
            .set(
                "spark.%s.io.connectionTimeout".formatted(MODULE),
                2 * timeout.toSeconds() + 1 + "s")
            .set("spark.%s.io.connectionCreationTimeout".formatted(MODULE), attempt)
            .set("spark.network.auth.rpcTimeout", attempt)
            .set("spark.%s.io.enableTcpKeepAlive".formatted(MODULE), "true")
            .set("spark.%s.io.serverThreads".formatted(MODULE), Integer.toString(threads))
            .set("spark.%s.io.clientThreads".formatted(MODULE), Integer.toString(threads));
    return SparkTransportConf.fromSparkConf(conf, MODULE, threads, Option.empty());
  }

  /** The secret of one run; of any other there is none. */
  static SecretKeyHolder secret(Invitation invitation) {
    return new SecretKeyHolder() {
      @Override
      public String getSaslUser(String run) {
        return MODULE;
      }

      @Override
      public String getSecretKey(String run) {
        return invitation.run().toString().equals(run) ? invitation.secret() : null;
      }
    };
  }

  /** What makes the keys of one connection unlike any other's. */
  static byte[] newNonce() {
    byte[] nonce = new byte[Message.Join.NONCE];
    new SecureRandom().nextBytes(nonce);
    return nonce;
  }

  /** Sends a message and {@code body} after it, which must not change until it has arrived. */
  static void upload(TransportClient to, Message message, ByteBuffer body) {
    to.uploadStream(
        new NioManagedBuffer(message.encode()),
        new NioManagedBuffer(body),
        new RpcResponseCallback() {
          @Override
          public void onSuccess(ByteBuffer response) {}

          @Override
          public void onFailure(Throwable e) {
            to.close();
          }
        });
  }
}
