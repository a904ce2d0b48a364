package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.transport.SealedRecords.End;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.FileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.HexFormat;
import java.util.UUID;
import org.apache.spark.network.buffer.NioManagedBuffer;
import org.apache.spark.network.protocol.MessageEncoder;
import org.apache.spark.network.protocol.UploadStream;
import org.junit.jupiter.api.Test;

/** What one end seals, only the other can open, and only as it was sealed. */
class SealedRecordsTest {
  private static final Invitation INVITATION =
      new Invitation("h", 1, new UUID(1, 2), "secret", true, WorkerLoss.DEFAULT);

  private final EmbeddedChannel worker = sealed(End.WORKER, (byte) 1);
  private final EmbeddedChannel coordinator = sealed(End.COORDINATOR, (byte) 1);

  private static EmbeddedChannel sealed(End end, byte nonce) {
    EmbeddedChannel channel = new EmbeddedChannel();
    byte[] ofWorker = new byte[Message.Join.NONCE];
    ofWorker[0] = nonce;
    SealedRecords.seal(channel, end, INVITATION, ofWorker, new byte[Message.Join.NONCE]);
    return channel;
  }

  private static byte[] bytes(int length) {
    CounterRandom random = new CounterRandom(length);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  private static byte[] sent(EmbeddedChannel from, byte[] plain) {
    return sent(from, Unpooled.wrappedBuffer(plain), 1 << 20);
  }

  /** What a connection gets that takes so many bytes at once. */
  private static byte[] sent(EmbeddedChannel from, Object plain, int most) {
    from.writeOutbound(plain);
    FileRegion sealed = from.readOutbound();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      while (sealed.transferred() < sealed.count()) {
        sealed.transferTo(new Narrow(bytes, most), sealed.transferred());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      sealed.release();
    }
    assertThat(bytes.size()).isEqualTo((int) sealed.count());
    return bytes.toByteArray();
  }

  private record Narrow(ByteArrayOutputStream bytes, int most) implements WritableByteChannel {
    @Override
    public int write(ByteBuffer offered) {
      byte[] taken = new byte[Math.min(most, offered.remaining())];
      offered.get(taken);
      bytes.writeBytes(taken);
      return taken.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static byte[] received(EmbeddedChannel to, byte[]... pieces) {
    for (byte[] each : pieces) {
      to.writeInbound(Unpooled.wrappedBuffer(each));
    }
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf each = to.readInbound(); each != null; each = to.readInbound()) {
      all.writeBytes(each);
      each.release();
    }
    return ByteBufUtil.getBytes(all);
  }

  @Test
  void manyMessagesOfAnyLengthArriveInBothDirections() {
    for (int length : new int[] {1, 29, 65535, 65536, 65537, 300_000}) {
      byte[] plain = bytes(length);
      assertThat(received(coordinator, sent(worker, plain))).isEqualTo(plain);
      assertThat(received(worker, sent(coordinator, plain))).isEqualTo(plain);
    }
  }

  @Test
  void messagesThatTheConnectionTakesBitByBitArrive() {
    for (int most : new int[] {1, 7, 65537}) {
      byte[] plain = bytes(70_000);
      assertThat(received(coordinator, sent(worker, Unpooled.wrappedBuffer(plain), most)))
          .isEqualTo(plain);
    }
  }

  @Test
  void anUploadWithItsHeadIsSealedRecordByRecordAndGivenBack() {
    byte[] body = bytes(1 << 20);
    EmbeddedChannel encoder = new EmbeddedChannel(MessageEncoder.INSTANCE);
    encoder.writeOutbound(
        new UploadStream(
            7,
            new NioManagedBuffer(ByteBuffer.allocate(72)),
            new NioManagedBuffer(ByteBuffer.wrap(body))));
    FileRegion upload = encoder.readOutbound();

    byte[] opened = received(coordinator, sent(worker, upload, 100_000));

    assertThat(opened).hasSize((int) upload.count()).endsWith(body);
    assertThat(upload.refCnt()).isZero();
  }

  @Test
  void recordsMayComeInPiecesOfAByte() {
    byte[] sealed = sent(worker, bytes(50));
    byte[][] pieces = new byte[sealed.length][];
    for (int i = 0; i < pieces.length; i++) {
      pieces[i] = new byte[] {sealed[i]};
    }

    assertThat(received(coordinator, pieces)).isEqualTo(bytes(50));
  }

  @Test
  void theSameTwiceLooksDifferentAndLikeNeitherPlainText() {
    byte[] plain = bytes(64);

    String first = HexFormat.of().formatHex(sent(worker, plain));
    String second = HexFormat.of().formatHex(sent(worker, plain));

    assertThat(first).isNotEqualTo(second).doesNotContain(HexFormat.of().formatHex(plain));
  }

  @Test
  void aChangedByteIsNoticedWhereverItIs() {
    for (int place = 0; place < 4 + 20 + 16; place++) {
      EmbeddedChannel from = sealed(End.WORKER, (byte) 1);
      EmbeddedChannel to = sealed(End.COORDINATOR, (byte) 1);
      byte[] changed = sent(from, bytes(20));
      changed[place] ^= 1;

      // A changed length may only await more bytes, which the next records bring.
      changed = concat(changed, sent(from, bytes(70_000)));
      assertRefused(to, changed);
    }
  }

  @Test
  void aRecordThatIsRepeatedLeftOutOrSentBackIsRefused() {
    byte[] first = sent(worker, bytes(20));
    byte[] second = sent(worker, bytes(20));

    assertRefused(coordinator, concat(first, first));
    assertRefused(sealed(End.COORDINATOR, (byte) 1), second);
    assertRefused(sealed(End.WORKER, (byte) 1), first);
  }

  @Test
  void aRecordOfAnotherConnectionIsRefused() {
    assertRefused(sealed(End.COORDINATOR, (byte) 2), sent(worker, bytes(20)));
  }

  @Test
  void withoutSparksHandshakeThereIsNoSealing() {
    Channel channel = new EmbeddedChannel();
    byte[] nonce = new byte[Message.Join.NONCE];

    assertThatThrownBy(() -> SealedRecords.start(channel, End.WORKER, INVITATION, nonce, nonce))
        .hasMessage("Spark's handshake has left no cipher on the connection");
  }

  private static byte[] concat(byte[] a, byte[] b) {
    return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(a, b));
  }

  private static void assertRefused(EmbeddedChannel to, byte[] sealed) {
    assertThatThrownBy(() -> received(to, sealed))
        .satisfiesAnyOf(
            e -> assertThat(e).hasStackTraceContaining("AEADBadTagException"),
            e -> assertThat(e).hasMessageContaining("a record has"));
  }
}
