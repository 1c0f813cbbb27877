#!/usr/bin/env python3
"""An independent RTP-MIDI peer, for looking at what arrives from `rtp://` and `rtp-listen://`.

It stands on pymidi, which knows nothing of this project:

    pip install pymidi==0.5.0

Waits to be invited, until it has 1,000 notes or a minute has passed:

    python3 rtp_pymidi.py serve --port 5051 --notes 1000 --seconds 60
    beatgen-tui ... --midi-out rtp://127.0.0.1:5051

Invites a program that waits (pymidi has no initiator, so the session is spoken by hand here, and
pymidi reads the packets):

    beatgen-tui ... --midi-out rtp-listen://127.0.0.1:5006
    python3 rtp_pymidi.py invite --port 5006 --notes 1000 --feedback

Prints how many notes began and ended, whether any hung, and what pymidi complained of. With
`--log FILE` every message is written there, one a line in hex, to be compared with the log of the
output `file:PATH` (its third column) of the same run. With `--numbered` note n (from 0) is
expected to have the key n % 128 and the velocity 1 + n // 128, and the order is checked too.
Ends with status 0 if all that was asked for came.
"""

import argparse
import logging
import random
import select
import socket
import sys
import time

from pymidi import packets
from pymidi.server import Handler, Server


class Complaints(logging.Handler):
    """Counts what pymidi logs at the level of a warning or above."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info:
            text += ": " + repr(record.exc_info[1])
        self.texts.append(text)


class Ear(Handler):
    """Keeps every message."""

    def __init__(self, log, numbered):
        self.log = log
        self.numbered = numbered
        self.begun = self.ended = self.others = 0
        self.sounding = set()
        self.out_of_order = 0
        self.last = -1
        self.gone = False
        self.times = []

    def on_peer_connected(self, peer):
        print(f"joined: {peer}", flush=True)

    def on_peer_disconnected(self, peer):
        print(f"left: {peer}", flush=True)
        self.gone = True

    def on_midi_commands(self, _peer, commands):
        for command in commands:
            self.take(command)

    def take(self, command):
        status = int(command.command_byte)
        kind = status & 0xF0
        if kind in (0x80, 0x90):
            key, velocity = int(command.params.key), int(command.params.velocity)
            data = bytes([status, key, velocity])
            if kind == 0x90 and velocity:
                self.begun += 1
                self.times.append(time.monotonic())
                self.sounding.add((status & 15, key))
                number = (velocity - 1) * 128 + key
                if self.numbered and number != self.last + 1:
                    self.out_of_order += 1
                self.last = number
            else:
                self.ended += 1
                self.sounding.discard((status & 15, key))
        else:
            self.others += 1
            if kind == 0xB0:
                data = bytes([status, command.params.controller, command.params.value])
            else:
                data = bytes([status]) + bytes(command.params.unknown)
        if self.log:
            self.log.write(data.hex() + "\n")

    def report(self, wanted, complaints):
        print(f"notes begun {self.begun}, ended {self.ended}, still sounding {len(self.sounding)}, other messages {self.others}")
        if self.numbered:
            print("in order" if not self.out_of_order else f"OUT OF ORDER {self.out_of_order} times")
        if len(self.times) > 2:
            gaps = sorted(b - a for a, b in zip(self.times, self.times[1:]))
            print(f"gaps between notes: median {gaps[len(gaps) // 2] * 1e3:.2f} ms, p99 {gaps[len(gaps) * 99 // 100] * 1e3:.2f} ms")
        print(f"pymidi complained {len(complaints.texts)} times" + "".join(f"\n  {t}" for t in complaints.texts[:5]))
        right = self.begun == wanted and not self.out_of_order and not self.sounding and not complaints.texts
        print("RIGHT" if right else "WRONG", flush=True)
        return 0 if right else 1


def serve(args, ear):
    server = Server([(args.host, args.port)])
    server.add_handler(ear)
    # pymidi opens its sockets in serve_forever, which never returns.
    server._init_protocols()
    print(f"waits to be invited at {args.host}:{args.port}", flush=True)
    end = time.monotonic() + args.seconds
    # The peer's leaving is waited for too: what came before it is complete then.
    while time.monotonic() < end and not ear.gone:
        server._loop_once(0.2)


def invite(args, ear):
    """The initiator's side of AppleMIDI: IN on both ports, CK0 and CK2, RS if asked for, BY."""
    token, ssrc = random.getrandbits(32), random.getrandbits(32)
    control, data = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far = [(args.host, args.port), (args.host, args.port + 1)]

    def exchange(command):
        return packets.AppleMIDIExchangePacket.build(
            dict(command=command, protocol_version=2, initiator_token=token, ssrc=ssrc, name="peer")
        )

    def clock(count, times):
        return packets.AppleMIDITimestampPacket.build(
            dict(command=b"CK", count=count, ssrc=ssrc, timestamp_1=times[0], timestamp_2=times[1], timestamp_3=times[2])
        )

    def now():
        return int(time.monotonic() * 10_000)

    for sock, to in zip((control, data), far):
        sock.settimeout(2)
        sock.sendto(exchange(b"IN"), to)
        answer, came_from = sock.recvfrom(1500)
        answer = packets.AppleMIDIExchangePacket.parse(answer)
        if answer.command != b"OK" or answer.initiator_token != token or came_from != to:
            print(f"refused: {answer.command}")
            return
    peer_ssrc = answer.ssrc
    print(f"joined: {answer.name}", flush=True)
    data.sendto(clock(0, (now(), 0, 0)), far[1])
    end, next_clock, next_feedback = time.monotonic() + args.seconds, time.monotonic() + 10, 0
    while time.monotonic() < end and not ear.gone:
        for sock in select.select([control, data], [], [], 0.2)[0]:
            packet, _ = sock.recvfrom(1500)
            if packet[:4] == b"\xff\xffCK":
                read = packets.AppleMIDITimestampPacket.parse(packet)
                if read.count == 0:
                    data.sendto(clock(1, (read.timestamp_1, now(), 0)), far[1])
                elif read.count == 1:
                    data.sendto(clock(2, (read.timestamp_1, read.timestamp_2, now())), far[1])
                    print(f"round trip {(now() - read.timestamp_1) / 10:.1f} ms", flush=True)
            elif packet[:4] == b"\xff\xffBY":
                ear.gone = True
            elif packet[:2] != b"\xff\xff":
                read = packets.MIDIPacket.parse(packet)
                if read.header.ssrc != peer_ssrc:
                    print("a packet of someone else")
                ear.on_midi_commands(None, read.command.midi_list)
                if args.feedback and time.monotonic() > next_feedback:
                    next_feedback = time.monotonic() + 0.5
                    seq = read.header.rtp_header.sequence_number
                    control.sendto(b"\xff\xffRS" + ssrc.to_bytes(4, "big") + seq.to_bytes(2, "big") + bytes(2), far[0])
        if time.monotonic() > next_clock:
            next_clock += 10
            data.sendto(clock(0, (now(), 0, 0)), far[1])
        if args.leave_after and ear.begun >= args.leave_after:
            control.sendto(exchange(b"BY"), far[0])
            ear.gone = True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=["serve", "invite"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5051)
    parser.add_argument("--notes", type=int, default=1000, help="how many must have begun")
    parser.add_argument("--seconds", type=float, default=60, help="the longest it waits")
    parser.add_argument("--log", help="write every message here, in hex")
    parser.add_argument("--numbered", action="store_true", help="check the order by key and velocity")
    parser.add_argument("--feedback", action="store_true", help="invite: send receiver feedback")
    parser.add_argument("--leave-after", type=int, help="invite: leave after so many notes")
    args = parser.parse_args()
    complaints = Complaints()
    logging.getLogger("pymidi").addHandler(complaints)
    log = open(args.log, "w") if args.log else None
    ear = Ear(log, args.numbered)
    (serve if args.role == "serve" else invite)(args, ear)
    if log:
        log.close()
    return ear.report(args.notes, complaints)


if __name__ == "__main__":
    sys.exit(main())
