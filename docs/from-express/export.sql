SELECT json_object(
  'email', email,
  'name', username,
  'roles', CASE role WHEN 'admin' THEN 'admin' ELSE 'member' END,
  'created', strftime('%Y-%m-%dT%H:%M:%SZ', created_at),
  'password_hash', password
)
FROM users
ORDER BY id;
