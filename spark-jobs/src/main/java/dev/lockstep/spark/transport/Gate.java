package dev.lockstep.spark.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.protocol.Message.Type;

/**
 * Stands before Spark's frame decoder and lets only frames pass that a worker may send, so that no
 * peer can make the coordinator collect more than a few bytes: small requests until it has proved
 * that it knows the secret, and after that also replies, and uploads of up to a given length. A
 * peer that takes too long to prove it, or too much room meanwhile, is turned away.
 *
 * <p>A frame is its length in 8 bytes, big-endian and counting itself; a byte of type; and the
 * type's own. That of an upload is a request number (8), the length of the message (4), the
 * message, and the number of bytes (8) that follow the frame.
 */
final class Gate extends ChannelInboundHandlerAdapter {
  private static final int HEAD = Long.BYTES + 1;
  private static final int UPLOAD = HEAD + Long.BYTES + Integer.BYTES + Message.BYTES + Long.BYTES;
  private static final long MOST_BEFORE = 4096;
  private static final long MOST_AFTER = 1 << 16;

  private final WorkerConnection connection;
  private final long longestUpload;
  private final long secondsToAuthenticate;
  private final Strangers strangers;
  private final Refusals refusals;

  private final ByteBuffer head = ByteBuffer.allocate(UPLOAD);
  private int wanted = HEAD;
  private long passing;
  private boolean closed;
  private Future<?> deadline;

  Gate(
      WorkerConnection connection,
      long longestUpload,
      long secondsToAuthenticate,
      Strangers strangers,
      Refusals refusals) {
    this.connection = connection;
    this.longestUpload = longestUpload;
    this.secondsToAuthenticate = secondsToAuthenticate;
    this.strangers = strangers;
    this.refusals = refusals;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    strangers.enter(context.channel());
    deadline =
        context
            .executor()
            .schedule(() -> closeStranger(context), secondsToAuthenticate, TimeUnit.SECONDS);
    context.fireChannelActive();
  }

  private void closeStranger(ChannelHandlerContext context) {
    if (!connection.authenticated()) {
      refusals.refuse(
          context.channel(),
          "did not authenticate within %d seconds".formatted(secondsToAuthenticate));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (deadline != null) {
      deadline.cancel(false);
    }
    strangers.leave(context.channel());
    context.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    String objection = closed ? "" : objection(bytes);
    if (objection == null) {
      boolean stranger = !connection.authenticated();
      if (stranger && !strangers.speak(context.channel())) {
        closed = true;
        bytes.release();
        return;
      }
      connection.heard();
      context.fireChannelRead(bytes);
      if (stranger && connection.authenticated()) {
        strangers.leave(context.channel());
      }
      return;
    }
    bytes.release();
    if (!closed) {
      closed = true;
      refusals.refuse(context.channel(), objection);
    }
  }

  /** What is wrong with the bytes; null if nothing is. */
  private String objection(ByteBuf bytes) {
    int at = bytes.readerIndex();
    while (at < bytes.writerIndex()) {
      if (passing > 0) {
        int pass = (int) Math.min(passing, bytes.writerIndex() - at);
        passing -= pass;
        at += pass;
      } else {
        head.put(bytes.getByte(at++));
        String objection = head.position() == wanted ? objectionToHead() : null;
        if (objection != null) {
          return objection;
        }
      }
    }
    return null;
  }

  private String objectionToHead() {
    long frame = head.getLong(0);
    byte type = head.get(Long.BYTES);
    boolean known = connection.authenticated();
    long most = known ? MOST_AFTER : MOST_BEFORE;
    if (frame <= HEAD || frame > most) {
      return "sent a frame of %d bytes, where %d is the most".formatted(frame, most);
    }
    if (known && type == Type.UploadStream.id()) {
      return wanted == UPLOAD ? objectionToUpload() : awaitUpload(frame);
    }
    if (type != Type.RpcRequest.id()
        && !(known && (type == Type.RpcResponse.id() || type == Type.RpcFailure.id()))) {
      return "sent a frame of type %d, which is not expected %s"
          .formatted(type, known ? "from a worker" : "before authentication");
    }
    pass(frame - HEAD);
    return null;
  }

  private String awaitUpload(long frame) {
    if (frame != UPLOAD) {
      return "sent an upload's frame of %d bytes, where it must have %d".formatted(frame, UPLOAD);
    }
    wanted = UPLOAD;
    return null;
  }

  private String objectionToUpload() {
    int message = head.getInt(HEAD + Long.BYTES);
    if (message != Message.BYTES) {
      return "sent an upload's message of %d bytes, where it must have %d"
          .formatted(message, Message.BYTES);
    }
    long body = head.getLong(UPLOAD - Long.BYTES);
    if (body < 0 || body > longestUpload) {
      return "sent an upload of %d bytes, where %d is the most".formatted(body, longestUpload);
    }
    pass(body);
    return null;
  }

  private void pass(long bytes) {
    passing = bytes;
    wanted = HEAD;
    head.clear();
  }
}
