package dev.lockstep.spark.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts and authenticates a connection with AES-256 in Galois/counter mode, record by record: a
 * length in 4 bytes, and so many of ciphertext with a tag of 16. A record's place in the stream is
 * its nonce, so that none can be left out, repeated, or moved.
 *
 * <p>Takes over from the cipher that Spark's handshake leaves, which has no tags. Spark has a
 * Galois/counter mode of its own, but up to 3.5.5 it loses every message after the first
 * (SPARK-56227).
 *
 * <p>Keys come from the run's secret and a nonce of each end by HKDF (RFC 5869) with SHA-256, one
 * for each direction. The nonces travel under Spark's cipher, whose keys are agreed on anew for
 * each connection: the secret alone opens no recording.
 */
final class SealedRecords {
  private static final int TAG = 16;
  private static final int MOST_PLAIN = 1 << 16;
  private static final String SPARKS_CIPHERS = "org.apache.spark.network.crypto";

  private SealedRecords() {}

  /** The end of a connection that one is at. */
  enum End {
    WORKER,
    COORDINATOR
  }

  /**
   * Seals all that is sent on {@code channel} from now on, and expects the same of the other end.
   * To be called on the channel's thread, when nothing is under way in either direction.
   */
  static void start(
      Channel channel, End own, Invitation invitation, byte[] workerNonce, byte[] serverNonce) {
    List<ChannelHandler> sparks = new ArrayList<>();
    for (Map.Entry<String, ChannelHandler> each : channel.pipeline()) {
      if (each.getValue().getClass().getPackageName().equals(SPARKS_CIPHERS)) {
        sparks.add(each.getValue());
      }
    }
    if (sparks.isEmpty()) {
      throw new IllegalStateException("Spark's handshake has left no cipher on the connection");
    }
    sparks.forEach(channel.pipeline()::remove);
    seal(channel, own, invitation, workerNonce, serverNonce);
  }

  /** Puts the ciphers before all else in the channel's pipeline. */
  static void seal(
      Channel channel, End own, Invitation invitation, byte[] workerNonce, byte[] serverNonce) {
    try {
      byte[] salt =
          ByteBuffer.allocate(2 * Message.Join.NONCE).put(workerNonce).put(serverNonce).array();
      byte[] master = hmac(salt, invitation.secret().getBytes(StandardCharsets.US_ASCII));
      SecretKeySpec ofWorker = key(master, End.WORKER);
      SecretKeySpec ofCoordinator = key(master, End.COORDINATOR);
      channel
          .pipeline()
          .addFirst(
              new Sealing(own == End.WORKER ? ofWorker : ofCoordinator),
              new Opening(own == End.WORKER ? ofCoordinator : ofWorker));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot encrypt: " + e.getMessage(), e);
    }
  }

  private static SecretKeySpec key(byte[] master, End sender) throws GeneralSecurityException {
    String use = "lockstep, sent by the " + sender + "\u0001";
    return new SecretKeySpec(hmac(master, use.getBytes(StandardCharsets.US_ASCII)), "AES");
  }

  private static byte[] hmac(byte[] key, byte[] text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text);
  }

  /** A cipher that is set to one record after the other. */
  private static final class RecordCipher {
    private final int mode;
    private final SecretKeySpec key;
    private final Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    private long record;

    RecordCipher(int mode, SecretKeySpec key) throws GeneralSecurityException {
      this.mode = mode;
      this.key = key;
    }

    void next(ByteBuffer from, ByteBuffer to) throws GeneralSecurityException {
      byte[] nonce = ByteBuffer.allocate(12).putLong(4, record++).array();
      cipher.init(mode, key, new GCMParameterSpec(TAG * Byte.SIZE, nonce));
      cipher.doFinal(from, to);
    }
  }

  /** Cuts what is written into records. */
  private static final class Sealing extends ChannelOutboundHandlerAdapter {
    private final RecordCipher cipher;
    private final ByteBuffer plain = ByteBuffer.allocate(MOST_PLAIN);

    Sealing(SecretKeySpec key) throws GeneralSecurityException {
      this.cipher = new RecordCipher(Cipher.ENCRYPT_MODE, key);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
        throws Exception {
      long size =
          message instanceof FileRegion region
              ? region.count()
              : ((ByteBuf) message).readableBytes();
      long records = (size + MOST_PLAIN - 1) / MOST_PLAIN;
      ByteBuf sealed =
          context.alloc().buffer(Math.toIntExact(size + records * (Integer.BYTES + TAG)));
      try {
        if (message instanceof FileRegion region) {
          Intake intake = new Intake(sealed);
          while (region.transferred() < size) {
            region.transferTo(intake, region.transferred());
          }
        } else {
          for (ByteBuffer each : ((ByteBuf) message).nioBuffers()) {
            take(each, sealed);
          }
        }
        sealRecord(sealed);
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        sealed.release();
        throw e;
      } finally {
        ReferenceCountUtil.release(message);
      }
      var unused = context.write(sealed, promise);
    }

    private void take(ByteBuffer bytes, ByteBuf sealed) throws GeneralSecurityException {
      while (bytes.hasRemaining()) {
        int taken = Math.min(bytes.remaining(), plain.remaining());
        plain.put(plain.position(), bytes, bytes.position(), taken);
        plain.position(plain.position() + taken);
        bytes.position(bytes.position() + taken);
        if (!plain.hasRemaining()) {
          sealRecord(sealed);
        }
      }
    }

    private void sealRecord(ByteBuf sealed) throws GeneralSecurityException {
      if (plain.position() > 0) {
        int length = plain.position() + TAG;
        sealed.writeInt(length);
        cipher.next(plain.flip(), sealed.nioBuffer(sealed.writerIndex(), length));
        sealed.writerIndex(sealed.writerIndex() + length);
        plain.clear();
      }
    }

    /** Takes what Spark's messages write of themselves. */
    private final class Intake implements WritableByteChannel {
      private final ByteBuf sealed;

      Intake(ByteBuf sealed) {
        this.sealed = sealed;
      }

      @Override
      public int write(ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        try {
          take(bytes, sealed);
        } catch (GeneralSecurityException e) {
          throw new IOException(e);
        }
        return length;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    }
  }

  /** Opens records; the first that is not what the other end has sealed ends the connection. */
  private static final class Opening extends ByteToMessageDecoder {
    private final RecordCipher cipher;

    Opening(SecretKeySpec key) throws GeneralSecurityException {
      this.cipher = new RecordCipher(Cipher.DECRYPT_MODE, key);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
        throws Exception {
      if (in.readableBytes() < Integer.BYTES) {
        return;
      }
      int length = in.getInt(in.readerIndex());
      if (length <= TAG || length > MOST_PLAIN + TAG) {
        throw new GeneralSecurityException("a record has %d bytes".formatted(length));
      }
      if (in.readableBytes() < Integer.BYTES + length) {
        return;
      }
      ByteBuf plain = context.alloc().buffer(length - TAG);
      try {
        cipher.next(
            in.nioBuffer(in.readerIndex() + Integer.BYTES, length),
            plain.nioBuffer(0, length - TAG));
      } catch (GeneralSecurityException | RuntimeException e) {
        plain.release();
        throw e;
      }
      in.skipBytes(Integer.BYTES + length);
      out.add(plain.writerIndex(length - TAG));
    }
  }
}
