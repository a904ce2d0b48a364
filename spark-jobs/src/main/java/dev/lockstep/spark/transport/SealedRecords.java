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
import org.apache.spark.network.util.AbstractFileRegion;

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

  /** Has what is written sealed when the connection takes it. */
  private static final class Sealing extends ChannelOutboundHandlerAdapter {
    private final RecordCipher cipher;
    private final ByteBuffer plain = ByteBuffer.allocate(MOST_PLAIN);
    private final ByteBuffer sealed = ByteBuffer.allocateDirect(Integer.BYTES + MOST_PLAIN + TAG);

    Sealing(SecretKeySpec key) throws GeneralSecurityException {
      this.cipher = new RecordCipher(Cipher.ENCRYPT_MODE, key);
      sealed.limit(0);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      var unused = context.write(new SealedMessage(this, message), promise);
    }

    /** Seals what stands in {@link #plain}. */
    private void sealRecord() throws GeneralSecurityException {
      plain.flip();
      sealed.clear().putInt(plain.remaining() + TAG);
      cipher.next(plain, sealed);
      sealed.flip();
      plain.clear();
    }
  }

  /**
   * A message in records, of which no more than one is in memory: a connection takes its messages
   * one after the other, so that they share the buffers of their {@link Sealing}.
   */
  private static final class SealedMessage extends AbstractFileRegion {
    private final Sealing sealing;
    private final Object message;
    private final Intake intake = new Intake();
    private final long plainBytes;
    private final long count;
    private long taken;
    private long transferred;

    SealedMessage(Sealing sealing, Object message) {
      this.sealing = sealing;
      this.message = message;
      this.plainBytes =
          message instanceof FileRegion region
              ? region.count()
              : ((ByteBuf) message).readableBytes();
      long records = (plainBytes + MOST_PLAIN - 1) / MOST_PLAIN;
      this.count = plainBytes + records * (Integer.BYTES + TAG);
    }

    @Override
    public long count() {
      return count;
    }

    @Override
    public long position() {
      return 0;
    }

    @Override
    public long transferred() {
      return transferred;
    }

    @Override
    public long transferTo(WritableByteChannel target, long position) throws IOException {
      long before = transferred;
      while (transferred < count) {
        if (!sealing.sealed.hasRemaining()) {
          sealNext();
        }
        transferred += target.write(sealing.sealed);
        if (sealing.sealed.hasRemaining()) {
          break;
        }
      }
      return transferred - before;
    }

    private void sealNext() throws IOException {
      while (taken < plainBytes && sealing.plain.hasRemaining()) {
        if (message instanceof FileRegion region) {
          region.transferTo(intake, region.transferred());
        } else {
          ByteBuf bytes = (ByteBuf) message;
          int length = Math.min(bytes.readableBytes(), sealing.plain.remaining());
          bytes.readBytes(sealing.plain.limit(sealing.plain.position() + length));
          sealing.plain.limit(MOST_PLAIN);
          taken += length;
        }
      }
      try {
        sealing.sealRecord();
      } catch (GeneralSecurityException e) {
        throw new IOException(e);
      }
    }

    @Override
    protected void deallocate() {
      ReferenceCountUtil.release(message);
    }

    /** Takes what Spark's messages write of themselves, as much as a record has room for. */
    private final class Intake implements WritableByteChannel {
      @Override
      public int write(ByteBuffer bytes) {
        int length = Math.min(bytes.remaining(), sealing.plain.remaining());
        sealing.plain.put(sealing.plain.position(), bytes, bytes.position(), length);
        sealing.plain.position(sealing.plain.position() + length);
        bytes.position(bytes.position() + length);
        taken += length;
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
