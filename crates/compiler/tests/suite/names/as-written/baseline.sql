CREATE TABLE app."Order" ("Id" bigint NOT NULL, "the total" numeric CHECK ("the total" >= 0), "group" text);
ALTER TABLE app."Order" ADD PRIMARY KEY ("Id");
ALTER TABLE app."Order" ADD CONSTRAINT "Order_group_key" UNIQUE ("group", "Id");
CREATE INDEX "Order_Total" ON app."Order" ("the total", "group") WHERE "the total" > 0;
COMMENT ON TABLE app."Order" IS 'It''s quoted';
COMMENT ON COLUMN app."Order"."Id" IS 'the "key"';
GRANT SELECT, UPDATE ("group") ON app."Order" TO "Reader", PUBLIC;
GRANT USAGE ON SCHEMA app TO "Reader";
